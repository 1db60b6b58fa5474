"""The pages of the site: all Markdown of the repository at its own place, and the files that it links to.

So one relative link serves on GitHub, in an editor and on the site, and `make docs` refuses one that leads nowhere.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel

ROOT = Path(__file__).parents[2]
PAGES = ('*.md', 'docs/**/*.md', 'configs/**/*.md')
LINK = re.compile(r'\]\(([^()\s#]+)(?:#[^()\s]*)?\)')
LANGUAGES = {'.py': 'python', '.yml': 'yaml', '.sh': 'bash'}


class SourcePage(File):
    """A file of the repository as a page of the site."""

    def is_documentation_page(self) -> bool:
        return True


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what the repository has."""
    pages = [path for pattern in PAGES for path in sorted(ROOT.glob(pattern))]
    linked = {path for page in pages for path in linked_files(page)} - set(pages)
    for path in pages:
        files.append(File(uri(path), str(ROOT), config.site_dir, use_directory_urls=False))
    for path in sorted(linked):
        files.append(source_page(path, config) if is_text(path) else copied(path, config))
    return files


def linked_files(page: Path) -> set[Path]:
    """The files of the repository to which a page links; what is not there is for MkDocs to report."""
    targets = {(page.parent / link).resolve() for link in LINK.findall(page.read_text()) if '://' not in link}
    return {path for path in targets if path.is_file() and path.is_relative_to(ROOT)}


def source_page(path: Path, config: MkDocsConfig) -> File:
    """A page that shows a text file."""
    text, language = path.read_text(), LANGUAGES.get(path.suffix, 'text')
    page = SourcePage.generated(
        config,
        uri(path),
        content=f'---\nsearch: {{exclude: true}}\n---\n\n# {path.name}\n\n`````{language}\n{text}\n`````\n',
        inclusion=InclusionLevel.NOT_IN_NAV,
    )
    page.dest_uri = f'{uri(path)}.html'
    return page


def copied(path: Path, config: MkDocsConfig) -> File:
    return File(uri(path), str(ROOT), config.site_dir, use_directory_urls=False)


def is_text(path: Path) -> bool:
    return path.suffix not in ('.png', '.jpg', '.csv')


def uri(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
