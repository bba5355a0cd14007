"""What the log says of a request: one line of what matters, and no key of a mailed link."""

import logging
import re

# A mailed link opens an account for as long as it holds; also inside of ?next=, where / is %2F.
MAILED_KEY = re.compile(r"""((?:/|%2F)(?:key|confirm-email)(?:/|%2F))[^\s"'<>&]+""", re.IGNORECASE)
FORM_REFUSED = 422  # somebody mistyped something, and was told so


class LineFormatter(logging.Formatter):
    """A record with its traceback, and … in place of every key of a mailed link."""

    def format(self, record: logging.LogRecord) -> str:
        return MAILED_KEY.sub(r"\1…", super().format(record))


class BriefRefusals(logging.Filter):
    """Leaves out that a form was refused, and the traceback of a 4xx: neither is a fault of ours.

    Only for the last handler: what it takes out of a record is gone for whoever reads it later.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        status = getattr(record, "status_code", None)
        if isinstance(status, int) and 400 <= status < 500:
            record.exc_info = record.exc_text = None
        return status != FORM_REFUSED
