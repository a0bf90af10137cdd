{#
    The address itself is the question, so personal columns go to the model here, and this says so. An address that lacks a
    part cannot be standardized by anyone, so nothing is paid for asking. Line breaks in a value would look like the next
    field to a reader of the prompt, so they become blanks.
#}
{{ lakeweave.inference(
    function='generate_text',
    model='gemini',
    input='prompt',
    options={'temperature': 0, 'max_output_tokens': 128},
    schema={
        'street_line': 'string',
        'city': 'string',
        'state_code': {'type': 'string', 'description': 'Two letters.'},
        'zip_code': {'type': 'string', 'description': 'Five digits, or nine with a hyphen.'}
    },
    allow_pii=true
) }}

{%- set instructions = "Standardize this United States address to the format of the United States Postal Service. "
    ~ "Write it in capitals. Do not add anything that is not in it. [standardize-address v2]\n" %}

with

users as (

    select * from {{ ref('silver_users') }}
    where country = 'United States'
        and street_address is not null
        and city is not null
        and state is not null
        and postal_code is not null

),

questions as (

    select
        id as user_id,
        {{ dbt.concat([
            lakeweave.text_literal(instructions),
            "'Street: '", lakeweave.one_line('street_address'),
            lakeweave.text_literal('\nCity: '), lakeweave.one_line('city'),
            lakeweave.text_literal('\nState: '), lakeweave.one_line('state'),
            lakeweave.text_literal('\nZIP code: '), lakeweave.one_line('postal_code'),
            lakeweave.text_literal('\nCountry: '), lakeweave.one_line('country'),
        ]) }} as prompt
    from users

)

select * from questions
