{{ lakeweave.remote_model(function='predict_image') }}
