{{ lakeweave.remote_model(function='generate_embedding', max_input_characters=20000) }}
