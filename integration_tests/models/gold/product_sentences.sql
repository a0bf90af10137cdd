{{ lakeweave.inference(function='generate_text', model='writer', input='prompt', options={'temperature': 0}) }}

select sku, concat('Describe this product in one sentence: ', title) as prompt from {{ ref('products') }}
