"""What of a blob outlives its content: metadata, headers, access tier, and index tags as far as we may see them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobClient, StandardBlobTier

from imagelore import _azure
from imagelore.errors import UnreadableError
from imagelore.source.azure_blob.errors import code
from imagelore.source.azure_blob.values import decoded, encoded

NO_TAGS = (400, 403, 409)  # statuses: not allowed, or not offered by this kind of account
WANTED = "wants the role 'Storage Blob Data Owner', or a signature with the permission `t`"


class Keeper:
    """What is to be written again with the new content of blobs. Its calls may come from several threads.

    `tell` hears, once, what cannot be kept. Writing a blob erases what is not written with it:
    https://learn.microsoft.com/rest/api/storageservices/put-blob
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._asked = False
        self._asking = threading.Lock()

    def of(self, blob: BlobClient) -> dict[str, Any]:
        """Options of the SDK's upload: what is kept, and the condition that it is still the blob we looked at.

        Raises:
            UnreadableError: it has index tags, and we may not see which.
            AzureError: it is gone, or cannot be asked for.
        """
        now = blob.get_blob_properties()
        kept: dict[str, Any] = {"etag": now.etag, "match_condition": MatchConditions.IfNotModified}
        kept["metadata"] = encoded(decoded(now.metadata))
        kept["content_settings"] = now.content_settings
        if not now.blob_tier_inferred and now.blob_tier != StandardBlobTier.ARCHIVE:  # new content is to be read
            kept["standard_blob_tier"] = next((tier for tier in StandardBlobTier if tier == now.blob_tier), None)
        if now.tag_count:
            kept["tags"] = _tags(blob)
        else:
            self._ask(blob)
        return kept

    def _ask(self, blob: BlobClient) -> None:
        """Finds out once whether blobs that seem to have no tags may have some: who may not see tags is told no number.

        https://learn.microsoft.com/rest/api/storageservices/get-blob-properties
        """
        with self._asking:
            if self._asked:
                return
            try:
                blob.get_blob_tags()
            except HttpResponseError as error:
                if _azure.status(error) not in NO_TAGS:
                    raise
                if _azure.status(error) == 403:
                    self._tell(
                        f"index tags cannot be seen ({code(error)}), so blobs that are overwritten lose theirs: "
                        f"keeping them {WANTED}"
                    )
            self._asked = True


def _tags(blob: BlobClient) -> dict[str, str]:
    try:
        return blob.get_blob_tags()
    except HttpResponseError as error:
        if _azure.status(error) != 403:
            raise
        raise UnreadableError("its index tags would be lost: that wants 'Storage Blob Data Owner'") from error
