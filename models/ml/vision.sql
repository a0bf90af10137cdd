{{ lakeweave.remote_model(function='annotate_image') }}
