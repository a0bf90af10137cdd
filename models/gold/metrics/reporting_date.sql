{# A Python model has no clock of the run, so it reads this one. #}
with

reporting_date as (

    select
        ---------- booleans
        {{ 'false' if lakeweave.setting('as_of') in ('now', '') else 'true' }} as is_pinned,

        ---------- timestamps
        {{ lakeweave.as_of() }} as as_of

)

select * from reporting_date
