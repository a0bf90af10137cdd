{{ lakeweave.remote_model(function='generate_text', max_input_characters=100000) }}
