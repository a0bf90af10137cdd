"""A delivery as a stranger brings it, for the tests of `make feed`."""

HOSTILE = """\
N° dossier;Prénom;Order;Montant;Opened;Amount;amount value type;Group;Notes
R-001;Zoë;1;1.234,56 €;31/01/2024;-$5.00;x;a;"He said ""no""; then left"
R-002;François;2;-12,00 €;2024-02-15;$-7.50;x;b;O'Hara
R-003;Łukasz;3;+3,50 €;15/02/2024;(8.25);x;c;"line
two"
R-004;José;4;0,99 €;2024-03-01;€1,200.00;x;d;ends with \\
R-005;Ann;5;1 200,00 €;29/02/2024;9.00-;x;e;{{ 1 + 1 }}
R-006;Ann;6;;01/03/2024;+$4;x;e;' or 1=1 --
"""
"""Two forms of dates, two decimal marks, all signs, accents, quotes, words of SQL and a currency as headers."""
