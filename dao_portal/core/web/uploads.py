"""How the files of a form are kept while they arrive."""

from typing import Any

from django.core.files.uploadhandler import TemporaryFileUploadHandler


class NamelessFileUploadHandler(TemporaryFileUploadHandler):
    """A temporary file that is not called as the sender wished.

    Django ends its name as theirs ends; one of 251 letters is more than a file system takes. The
    portal reads what a file holds and never how it is called.
    """

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        super().new_file(field_name, "upload", *args, **kwargs)
