"""What others read instead of `realtime/protocol.py`, made from it by `python -m realtime.reference`.

JSON Schemas, an AsyncAPI document, a page for people, and the types of the SDK. The running server uses none of it but
`schemas.py`, for the description of the REST API.
"""
