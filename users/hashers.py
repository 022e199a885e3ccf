"""How passwords are kept."""

from django.contrib.auth import hashers


class Argon2Hasher(hashers.Argon2PasswordHasher):
    """Argon2id with the parameters that OWASP's Password Storage Cheat Sheet recommends (19 MiB, 2 passes, 1 lane).

    Django's own (100 MiB, 8 lanes) cost 270 ms of CPU where these cost 32: a lecture hall that signs in at once would
    wait for minutes. A password that was hashed otherwise is hashed anew when its owner next signs in.
    """

    memory_cost = 19_456
    time_cost = 2
    parallelism = 1
