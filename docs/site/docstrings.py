"""Docstrings are Google style with roles of Sphinx, such as :func:`name`; the site shows those as code."""

import re

import griffe

ROLE = re.compile(r':(?:attr|class|func|meth|mod):`~?([^`]+)`')


class RolesAsCode(griffe.Extension):
    """Replaces the roles in each docstring."""

    def on_object(self, *, obj: griffe.Object, **_) -> None:
        if obj.docstring:
            obj.docstring.value = ROLE.sub(r'`\1`', obj.docstring.value)
