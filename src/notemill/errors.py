"""The whole error hierarchy of notemill.

    NotemillError
      UsageError                   the command cannot be used like this
        UnknownProposalError       there is no such proposal
      WaitingForPersonError        a person has to decide first
      EmbeddingError               the embedding model or service cannot be used
      MissingExtraError            what it needs is not installed
      SourceError                  a source cannot be read, or holds nothing
        SourceRefusedError         its host gives it to nobody, or not to us
        SourceBlockedError         its host gives us nothing for a while: later ones wait
      ProposalConflictError        what was proposed no longer fits the note
      VaultError                   the vault cannot be used
        VaultNotFoundError         there is no such folder
        NotAFolderError            it is a file
        UnreadableVaultError       its permissions forbid it
        EmptyVaultError            there are no Markdown notes in it
        VaultSettingsError         its own settings cannot be read
        VaultLockedError           another process writes to it
        StoreError                 the vault's state cannot be used
        NoteNotFoundError          the note is gone
        NoteExistsError            a note to be created has the name of another
        NoteUnreadableError        its permissions forbid it
        OutsideVaultError          the path leads out of the vault
        WriteFailedError           no permission or no space: the note is unchanged
        ExternallyChangedError     the note is not what was read
        MalformedNoteError         the note's frontmatter cannot be edited safely

Each class's docstring is its default message and says what to do next. `exit_code` is the exit code
of a command; `http_status` is the status of a web front's answer.
"""

from __future__ import annotations

from typing import ClassVar


class NotemillError(Exception):
    """Something went wrong in notemill; no note was changed by it. Run the command again."""

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(self, message: str | None = None) -> None:
        """Use `message`, or the class's docstring if there is none."""
        super().__init__(message or (type(self).__doc__ or "").strip())


class UsageError(NotemillError):
    """The command cannot be used like this; see --help."""

    exit_code = 2
    http_status = 400


class UnknownProposalError(UsageError):
    """There is no such proposal any more; `notemill review --json` lists those that there are."""

    http_status = 404


class WaitingForPersonError(NotemillError):
    """The run is waiting for a person; review what is shown and continue with `resume`."""

    exit_code = 8
    http_status = 409


class EmbeddingError(NotemillError):
    """The embedding model cannot be used; correct what is named or use `--embedding off`."""

    exit_code = 2
    http_status = 503


class MissingExtraError(NotemillError):
    """What this source needs is not installed; install what is named and run the command again."""

    exit_code = 2
    http_status = 503


class SourceError(NotemillError):
    """This source cannot be read; the others were."""

    exit_code = 3
    http_status = 422


class SourceRefusedError(SourceError):
    """The source exists, and its host does not give it out; open it in a browser."""


class SourceBlockedError(SourceError):
    """The host refuses everything for a while; run the same command again in an hour."""

    http_status = 503


class ProposalConflictError(NotemillError):
    """The note was edited and the proposal no longer fits; curate the note again."""

    exit_code = 3
    http_status = 409


class VaultError(NotemillError):
    """The vault cannot be used; name a folder with Markdown notes that you may write to."""

    exit_code = 7
    http_status = 500


class VaultNotFoundError(VaultError):
    """There is no such folder; name the folder with your notes."""

    http_status = 404


class NotAFolderError(VaultError):
    """This is a file; name the folder with your notes."""

    http_status = 400


class UnreadableVaultError(VaultError):
    """The folder cannot be read; check its permissions and run the command again."""

    http_status = 403


class EmptyVaultError(VaultError):
    """There are no Markdown notes in the folder; name the folder of a vault."""

    http_status = 404


class VaultSettingsError(VaultError):
    """The vault's own settings cannot be read; correct what is named and run the command again."""

    exit_code = 2
    http_status = 400


class VaultLockedError(VaultError):
    """Another process is writing to this vault; wait for it and run the command again."""

    http_status = 409


class StoreError(VaultError):
    """The vault's state cannot be used, so nothing is written; check permissions and free space."""

    http_status = 503


class NoteNotFoundError(VaultError):
    """There is no such note in the vault; it may have been renamed or deleted."""

    exit_code = 3
    http_status = 404


class NoteExistsError(VaultError):
    """There is a note of this name already, and it stays as it is; choose another name."""

    exit_code = 3
    http_status = 409


class NoteUnreadableError(VaultError):
    """The note cannot be read; check its permissions and run the command again."""

    exit_code = 3
    http_status = 403


class OutsideVaultError(VaultError):
    """The path leads out of the vault; name a note inside it."""

    exit_code = 2
    http_status = 403


class WriteFailedError(VaultError):
    """The note could not be written and is unchanged; check permissions and free space."""

    exit_code = 3
    http_status = 507


class ExternallyChangedError(VaultError):
    """The note has changed since it was read and was not written; curate it again."""

    exit_code = 3
    http_status = 409


class MalformedNoteError(VaultError):
    """The note's frontmatter cannot be edited safely; correct it in your editor and run again."""

    exit_code = 3
    http_status = 422
