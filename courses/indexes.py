"""An index whose name may be as long as PostgreSQL lets it be."""

from django.db import models


class Index(models.Index):
    """`models.Index`, whose limit of 30 characters is Oracle's, with PostgreSQL's 63."""

    max_name_length = 63
