"""What the service's errors mean here: one blob that cannot be had, or a run that has to stop."""

from __future__ import annotations

from azure.core.exceptions import AzureError, HttpResponseError

from imagelore import _azure
from imagelore.errors import SourceError, UnreadableError
from imagelore.source.azure_blob.address import Access, Place

_ITS_OWN = (400, 404, 409, 412, 413, 416)  # statuses that say something about one blob, not about the account
_BLOBS = {
    "BlobNotFound": "the blob is gone",
    "BlobArchived": "it is in the archive tier; move it to the hot or cool tier",
    "LeaseIdMissing": "someone holds a lease on the blob; break it or wait",
    "InvalidBlobType": "there is a blob of another type under its name; delete that one",
}


class Told:
    """The errors of one place in our words. Codes: https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes"""

    def __init__(self, place: Place, access: Access) -> None:
        self._place, self._access = place, access

    def failed(self, error: AzureError) -> SourceError | UnreadableError:
        """An error of one blob's request: that blob's own, or one that all others would meet too."""
        said = code(error)
        if _azure.status(error) not in _ITS_OWN or said.startswith("Container"):
            return self.stop(error)
        return UnreadableError(_BLOBS.get(said, f"the account refuses it ({said or _azure.status(error)})"))

    def stop(self, error: AzureError) -> SourceError:
        """An error that ends a run."""
        root, said, key = self._place.root, code(error), self._access.key
        if said == "ContainerNotFound":
            return SourceError(f"{root}: there is no such container: check it, or make it with `imagelore upload`")
        if key and _azure.status(error) in (401, 403):
            return SourceError(
                f"{root}: the account refuses what `{key}` holds ({said}): check that it is this account's, not "
                "expired, and allows this, and that the account's firewall lets this machine in"
            )
        if isinstance(error, HttpResponseError):  # the service's words end in an id, the time and the XML itself
            error.message = f"{str(error.message).partition(chr(10))[0]} {said}".strip()
        line = _azure.explain(error, self._access.service)
        if "there is no such host" in line:
            account = self._place.account
            return SourceError(f"{root}: no storage account {account!r} is found: check its name and the network")
        return SourceError(f"{root}: {line}")


def code(error: BaseException) -> str:
    """The service's own code of an error: `BlobNotFound`."""
    found = getattr(error, "error_code", None)
    return str(getattr(found, "value", found) or "")
