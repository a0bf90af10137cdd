{#
    All vectors of a column are of one model, one version and one dimension (promise P9). `model_column` names the model,
    `<column>_model` unless given. On failure, one row for each model besides the most frequent one; NULL vectors do not count.
#}
{% test one_embedding_model(model, column, model_column=none) %}

with

vectors as (

    select
        {{ model_column or column ~ '_model' }} as embedding_model,
        {{ 'array_length(' if target.type == 'bigquery' else ('len(' if target.type == 'duckdb' else 'size(') }}{{ column }}) as dimension
    from {{ model }}
    where {{ column }} is not null

),

kinds as (

    select
        embedding_model,
        dimension,
        count(*) as row_count
    from vectors
    group by embedding_model, dimension

),

numbered as (

    select
        embedding_model,
        dimension,
        row_count,
        row_number() over (order by row_count desc) as place
    from kinds

)

select
    embedding_model,
    dimension,
    row_count
from numbered
where place > 1

{% endtest %}
