"""Where users live: a compact table of countries, states, cities and postal codes with weights.

Country shares are those of the public data set's population table, spellings included ("Brasil", "España",
"Deutschland"). Postal codes that are numbers have lost their leading zeros, as in that table. A city that is
literally called ``null`` stands for a place without a city name (4.7 % of Brasil, about 1 % of all users).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Share of users by country (sums to about 1; normalised on use).
COUNTRY_SHARES = {
    "China": 0.339, "United States": 0.225, "Brasil": 0.146, "South Korea": 0.053, "France": 0.047,
    "United Kingdom": 0.046, "Germany": 0.042, "Spain": 0.040, "Japan": 0.025, "Australia": 0.022, "Belgium": 0.0125,
    "Poland": 0.0024, "Colombia": 0.00013, "Austria": 0.00003, "España": 0.00002, "Deutschland": 0.00001,
}  # fmt: skip

# country: lines of state: city, postal code, latitude, longitude, weight within the country; …
_PLACES = {
    "China": """
Beijing: Beijing,100000,39.904,116.407,22
Shanghai: Shanghai,200000,31.230,121.474,25
Tianjin: Tianjin,300000,39.125,117.190,14
Chongqing: Chongqing,400000,29.563,106.552,16
Guangdong: Guangzhou,510000,23.129,113.264,19; Shenzhen,518000,22.543,114.058,18; Dongguan,523000,23.021,113.752,11
Guangdong: Foshan,528000,23.022,113.121,10; Zhuhai,519000,22.271,113.577,3
Jiangsu: Nanjing,210000,32.060,118.797,9; Suzhou,215000,31.299,120.585,13; Wuxi,214000,31.491,120.312,7
Jiangsu: Xuzhou,221000,34.206,117.284,9
Zhejiang: Hangzhou,310000,30.274,120.155,12; Ningbo,315000,29.868,121.544,9; Wenzhou,325000,27.994,120.699,9
Sichuan: Chengdu,610000,30.573,104.067,20; Mianyang,621000,31.468,104.679,5
Hubei: Wuhan,430000,30.593,114.305,13; Yichang,443000,30.692,111.287,4
Hunan: Changsha,410000,28.228,112.939,10; Hengyang,421000,26.894,112.572,7
Shandong: Jinan,250000,36.651,117.120,9; Qingdao,266000,36.067,120.383,10; Yantai,264000,37.464,121.448,7
Hebei: Shijiazhuang,050000,38.043,114.515,11; Tangshan,063000,39.631,118.180,8; Baoding,071000,38.874,115.465,11
Henan: Zhengzhou,450000,34.747,113.625,13; Luoyang,471000,34.620,112.454,7
Shaanxi: Xi'an,710000,34.341,108.940,13
Shanxi: Taiyuan,030000,37.871,112.549,5
Inner Mongolia: Hohhot,010000,40.842,111.749,3; Baotou,014000,40.658,109.840,3
Liaoning: Shenyang,110000,41.806,123.432,9; Dalian,116000,38.914,121.615,7
Jilin: Changchun,130000,43.817,125.324,9
Heilongjiang: Harbin,150000,45.803,126.535,10
Anhui: Hefei,230000,31.821,117.227,9
Fujian: Fuzhou,350000,26.075,119.297,8; Xiamen,361000,24.480,118.089,5
Jiangxi: Nanchang,330000,28.682,115.858,6
Guangxi: Nanning,530000,22.817,108.366,9
Yunnan: Kunming,650000,25.039,102.718,8
Guizhou: Guiyang,550000,26.647,106.630,6
Hainan: Haikou,570000,20.044,110.199,3
Gansu: Lanzhou,730000,36.061,103.834,4
""",
    "United States": """
Alabama: Birmingham,35203,33.521,-86.802,2; Mobile,36602,30.695,-88.040,2
Alaska: Anchorage,99501,61.218,-149.900,1
Arizona: Phoenix,85003,33.448,-112.074,16; Tucson,85701,32.222,-110.975,5; Mesa,85201,33.415,-111.831,5
Arkansas: Little Rock,72201,34.747,-92.290,2
California: Los Angeles,90012,34.052,-118.244,39; San Diego,92101,32.716,-117.161,14
California: San Jose,95112,37.338,-121.886,10; San Francisco,94103,37.775,-122.419,9; Fresno,93701,36.738,-119.787,5
California: Sacramento,95814,38.582,-121.494,5; Oakland,94607,37.804,-122.271,4; Bakersfield,93301,35.373,-119.019,4
Colorado: Denver,80202,39.739,-104.990,7; Colorado Springs,80903,38.834,-104.821,5
Connecticut: Hartford,06103,41.764,-72.685,2; New Haven,06510,41.308,-72.928,2
Delaware: Wilmington,19801,39.739,-75.540,1
District of Columbia: Washington,20001,38.907,-77.037,7
Florida: Jacksonville,32202,30.332,-81.656,9; Miami,33130,25.762,-80.192,5; Tampa,33602,27.951,-82.457,4
Florida: Orlando,32801,28.538,-81.379,3; Hialeah,33010,25.858,-80.278,2
Georgia: Atlanta,30303,33.749,-84.388,5; Savannah,31401,32.081,-81.091,2
Hawaii: Honolulu,96813,21.307,-157.858,3
Idaho: Boise,83702,43.615,-116.202,2
Illinois: Chicago,60602,41.878,-87.630,27; Aurora,60505,41.761,-88.320,2
Indiana: Indianapolis,46204,39.768,-86.158,9; Fort Wayne,46802,41.079,-85.139,3
Iowa: Des Moines,50309,41.587,-93.625,2
Kansas: Wichita,67202,37.687,-97.330,4
Kentucky: Louisville,40202,38.253,-85.758,6; Lexington,40507,38.041,-84.504,3
Louisiana: New Orleans,70112,29.951,-90.072,4; Baton Rouge,70801,30.451,-91.187,2
Maine: Portland,04101,43.659,-70.257,1
Maryland: Baltimore,21201,39.290,-76.612,6
Massachusetts: Boston,02108,42.360,-71.059,7; Worcester,01608,42.262,-71.802,2; Springfield,01103,42.101,-72.589,2
Michigan: Detroit,48226,42.331,-83.046,6; Grand Rapids,49503,42.963,-85.668,2
Minnesota: Minneapolis,55401,44.978,-93.265,4; Saint Paul,55101,44.954,-93.090,3
Mississippi: Jackson,39201,32.299,-90.185,2
Missouri: Kansas City,64105,39.100,-94.579,5; Saint Louis,63101,38.627,-90.199,3
Montana: Billings,59101,45.783,-108.501,1
Nebraska: Omaha,68102,41.257,-95.935,5; Lincoln,68508,40.814,-96.703,3
Nevada: Las Vegas,89101,36.170,-115.140,6; Reno,89501,39.530,-119.814,3
New Hampshire: Manchester,03101,42.996,-71.455,1
New Jersey: Newark,07102,40.736,-74.172,3; Jersey City,07302,40.728,-74.078,3
New Mexico: Albuquerque,87102,35.084,-106.650,6
New York: New York,10001,40.713,-74.006,60; Brooklyn,11201,40.678,-73.944,20; Buffalo,14202,42.886,-78.878,3
New York: Rochester,14604,43.157,-77.609,2
North Carolina: Charlotte,28202,35.227,-80.843,9; Raleigh,27601,35.780,-78.638,5; Greensboro,27401,36.073,-79.792,3
North Dakota: Fargo,58102,46.877,-96.790,1
Ohio: Columbus,43215,39.961,-82.999,9; Cleveland,44113,41.499,-81.694,4; Cincinnati,45202,39.103,-84.512,3
Oklahoma: Oklahoma City,73102,35.468,-97.516,7; Tulsa,74103,36.154,-95.993,4
Oregon: Portland,97204,45.515,-122.679,6; Eugene,97401,44.052,-123.087,2
Pennsylvania: Philadelphia,19103,39.953,-75.165,16; Pittsburgh,15222,40.441,-79.996,3
Rhode Island: Providence,02903,41.824,-71.413,2
South Carolina: Charleston,29401,32.777,-79.931,2; Columbia,29201,34.001,-81.035,1
South Dakota: Sioux Falls,57104,43.545,-96.731,2
Tennessee: Nashville,37203,36.163,-86.781,7; Memphis,38103,35.150,-90.049,6
Texas: Houston,77002,29.760,-95.370,23; San Antonio,78205,29.424,-98.494,14; Dallas,75201,32.777,-96.797,13
Texas: Austin,78701,30.267,-97.743,10; Fort Worth,76102,32.756,-97.331,9; El Paso,79901,31.762,-106.485,7
Utah: Salt Lake City,84101,40.761,-111.891,2
Vermont: Burlington,05401,44.476,-73.212,1
Virginia: Virginia Beach,23451,36.853,-75.978,5; Richmond,23219,37.541,-77.436,2
Washington: Seattle,98101,47.606,-122.332,7; Spokane,99201,47.659,-117.426,2
West Virginia: Charleston,25301,38.350,-81.633,1
Wisconsin: Milwaukee,53202,43.039,-87.907,6; Madison,53703,43.073,-89.401,3
Wyoming: Cheyenne,82001,41.140,-104.820,1
""",
    "Brasil": """
São Paulo: São Paulo,01000-000,-23.551,-46.633,122; Guarulhos,07000-000,-23.454,-46.533,14
São Paulo: Campinas,13000-000,-22.906,-47.061,12; null,11900-000,-24.490,-47.840,10
Rio de Janeiro: Rio de Janeiro,20000-000,-22.907,-43.173,67; Niterói,24000-000,-22.883,-43.104,5
Bahia: Salvador,40000-000,-12.971,-38.501,29; null,44900-000,-11.300,-41.850,5
Ceará: Fortaleza,60000-000,-3.717,-38.543,27
Minas Gerais: Belo Horizonte,30000-000,-19.917,-43.935,25; Uberlândia,38400-000,-18.919,-48.277,7
Amazonas: Manaus,69000-000,-3.119,-60.022,22; null,69900-000,-6.500,-64.400,4
Paraná: Curitiba,80000-000,-25.429,-49.272,19; Londrina,86000-000,-23.310,-51.163,6
Pernambuco: Recife,50000-000,-8.054,-34.881,16
Pará: Belém,66000-000,-1.456,-48.502,15
Rio Grande do Sul: Porto Alegre,90000-000,-30.033,-51.230,15
Goiás: Goiânia,74000-000,-16.679,-49.254,15
Distrito Federal: Brasília,70000-000,-15.794,-47.882,30
Maranhão: São Luís,65000-000,-2.530,-44.303,11; null,65900-000,-5.530,-47.480,3
""",
    "South Korea": """
Seoul: Seoul,04524,37.567,126.978,97
Busan: Busan,48058,35.180,129.075,34
Incheon: Incheon,21554,37.456,126.705,29
Daegu: Daegu,41911,35.871,128.601,24
Daejeon: Daejeon,35242,36.350,127.385,15; null,34000,36.420,127.390,6
Gwangju: Gwangju,61945,35.160,126.851,15
Gyeonggi-do: Suwon,16490,37.263,127.029,12; Seongnam,13437,37.420,127.127,9
""",
    "France": """
Île-de-France: Paris,75001,48.857,2.352,22; Boulogne-Billancourt,92100,48.835,2.241,2
Provence-Alpes-Côte d'Azur: Marseille,13001,43.297,5.370,9; Nice,06000,43.710,7.262,4
Auvergne-Rhône-Alpes: Lyon,69001,45.764,4.836,5; Bourg-en-Bresse,01000,46.205,5.226,1
Occitanie: Toulouse,31000,43.605,1.444,5; Montpellier,34000,43.611,3.877,3
Pays de la Loire: Nantes,44000,47.218,-1.554,3
Grand Est: Strasbourg,67000,48.573,7.752,3
Nouvelle-Aquitaine: Bordeaux,33000,44.838,-0.579,3
Hauts-de-France: Lille,59000,50.629,3.057,2
Bretagne: Rennes,35000,48.117,-1.678,2
""",
    "United Kingdom": """
England: London,SW1A,51.507,-0.128,88; Birmingham,B1,52.486,-1.890,11; Leeds,LS1,53.801,-1.549,8
England: Sheffield,S1,53.381,-1.470,6; Manchester,M1,53.481,-2.242,6; Liverpool,L1,53.408,-2.991,5
England: Bristol,BS1,51.455,-2.588,5; Newcastle,NE1,54.978,-1.618,3
Scotland: Glasgow,G1,55.864,-4.252,6; Edinburgh,EH1,55.953,-3.188,5; Aberdeen,AB10,57.149,-2.094,2
Wales: Cardiff,CF10,51.482,-3.179,4; Swansea,SA1,51.621,-3.944,2
Northern Ireland: Belfast,BT1,54.597,-5.930,3
""",
    "Germany": """
Berlin: Berlin,10115,52.520,13.405,37
Hamburg: Hamburg,20095,53.551,9.994,18
Bayern: München,80331,48.135,11.582,15; Nürnberg,90402,49.452,11.077,5
Nordrhein-Westfalen: Köln,50667,50.938,6.960,11; Düsseldorf,40210,51.227,6.773,6; Dortmund,44135,51.514,7.468,6
Hessen: Frankfurt am Main,60311,50.110,8.682,8
Baden-Württemberg: Stuttgart,70173,48.776,9.183,6
Sachsen: Leipzig,04109,51.340,12.375,6; Dresden,01067,51.050,13.738,6; null,01900,51.180,14.000,1
Thüringen: Erfurt,99084,50.985,11.030,2
""",
    "Spain": """
Comunidad de Madrid: Madrid,28001,40.417,-3.704,33
Cataluña: Barcelona,08001,41.385,2.173,16; Badalona,08911,41.450,2.247,2
Comunidad Valenciana: Valencia,46001,39.470,-0.376,8; Alicante,03001,38.346,-0.491,3
Andalucía: Sevilla,41001,37.389,-5.984,7; Málaga,29001,36.721,-4.421,6; Almería,04001,36.834,-2.464,2
Aragón: Zaragoza,50001,41.649,-0.889,7
País Vasco: Bilbao,48001,43.263,-2.935,3; Vitoria,01001,42.847,-2.673,2
Islas Baleares: Palma,07001,39.570,2.650,4
""",
    "Japan": """
Tokyo: Shinjuku,160-0022,35.694,139.703,40; Setagaya,154-0004,35.646,139.653,30
Kanagawa: Yokohama,220-0011,35.444,139.638,37; Kawasaki,210-0007,35.531,139.703,15
Osaka: Osaka,530-0001,34.694,135.502,27; Sakai,590-0078,34.573,135.483,8
Aichi: Nagoya,450-0002,35.181,136.907,23
Hokkaido: Sapporo,060-0001,43.062,141.354,19
Fukuoka: Fukuoka,810-0001,33.590,130.402,16
Hyogo: Kobe,650-0001,34.690,135.196,15
Kyoto: Kyoto,600-8001,35.012,135.768,14
""",
    "Australia": """
New South Wales: Sydney,2000,-33.869,151.209,53; Newcastle,2300,-32.928,151.782,4
Victoria: Melbourne,3000,-37.814,144.963,50; Geelong,3220,-38.148,144.361,3
Queensland: Brisbane,4000,-27.470,153.025,25; Gold Coast,4217,-28.017,153.400,7
Western Australia: Perth,6000,-31.952,115.861,21
South Australia: Adelaide,5000,-34.929,138.601,14
Tasmania: Hobart,7000,-42.882,147.327,2
Northern Territory: Darwin,0800,-12.463,130.842,1
""",
    "Belgium": """
Brussels: Brussels,1000,50.850,4.352,12
Flanders: Antwerp,2000,51.220,4.402,5; Ghent,9000,51.054,3.725,3; Bruges,8000,51.209,3.225,1
Wallonia: Charleroi,6000,50.411,4.444,2; Liège,4000,50.633,5.567,2
""",
    "Poland": """
Mazowieckie: Warszawa,00-001,52.230,21.012,18
Małopolskie: Kraków,30-001,50.065,19.945,8
Łódzkie: Łódź,90-001,51.759,19.456,7
""",
    "Colombia": "Cundinamarca: Bogotá,110111,4.711,-74.072,8\nAntioquia: Medellín,050001,6.244,-75.581,3",
    "Austria": "Wien: Wien,1010,48.208,16.374,19\nSteiermark: Graz,8010,47.071,15.438,3",
    "España": "Galicia: Vigo,36201,42.240,-8.721,3\nAsturias: Gijón,33201,43.532,-5.661,3",
    "Deutschland": "Bremen: Bremen,28195,53.079,8.802,6\nSaarland: Saarbrücken,66111,49.240,6.997,2",
}

# A city is spread over this many neighbouring postal codes where its code is a plain number.
_CODES_PER_CITY = 4


@dataclass(frozen=True)
class Geography:
    """Parallel lists, one entry per (city, postal code); ``weights`` sums to 1."""

    countries: list[str]
    states: list[str]
    cities: list[str]
    postal_codes: list[str]
    latitudes: np.ndarray
    longitudes: np.ndarray
    weights: np.ndarray

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draw ``count`` rows by population; returns int32 positions."""
        return np.searchsorted(np.cumsum(self.weights)[:-1], rng.random(count), side="right").astype(np.int32)


def _postal_codes(code: str) -> list[str]:
    """The codes of one city; numbers lose their leading zeros as in the source system."""
    if not code.isdigit():
        return [code]
    return [str(int(code) + step) for step in range(_CODES_PER_CITY)]


def load_geography() -> Geography:
    """Build the table from the compact text above."""
    countries, states, cities, codes, latitudes, longitudes, weights = [], [], [], [], [], [], []
    for country, text in _PLACES.items():
        first = len(weights)
        for line in filter(None, text.splitlines()):
            state, places = line.split(": ", 1)
            for place in places.split("; "):
                city, code, latitude, longitude, weight = place.split(",")
                all_codes = _postal_codes(code)
                for one in all_codes:
                    countries.append(country)
                    states.append(state)
                    cities.append(city)
                    codes.append(one)
                    latitudes.append(float(latitude))
                    longitudes.append(float(longitude))
                    weights.append(float(weight) / len(all_codes))
        total = sum(weights[first:])
        weights[first:] = [weight / total * COUNTRY_SHARES[country] for weight in weights[first:]]
    share = np.array(weights)
    return Geography(countries, states, cities, codes, np.array(latitudes), np.array(longitudes), share / share.sum())
