"""Files arrive, a build starts: events in, one ``dbt build`` of exactly what depends on them out.

``events``   what a cloud says has arrived, and whether it was really the cloud that said it
``sources``  which source an object belongs to
``queue``    arrivals on disk, each once, until they are built or given up
``builder``  one build at a time of what waits
``service``  the HTTP service; ``watching`` the same for a folder of this machine
"""
