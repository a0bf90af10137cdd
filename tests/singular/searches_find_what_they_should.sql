/* A kind of question with less than ten of them says too little: a catalog that has only begun to fill is not judged. */
select
    question_kind,
    embedding_model,
    questions,
    precision_at_5,
    at_least
from {{ ref('search_quality') }}
where questions >= 10 and precision_at_5 < at_least
