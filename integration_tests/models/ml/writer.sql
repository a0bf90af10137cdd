{{ lakeweave.remote_model(function='generate_text') }}
