{{ lakeweave.inference(function='generate_embedding', model='embedder', input='title') }}

select sku, title from {{ ref('products') }}
