"""Models that can be had by name: what is known of them, and their files in the Hugging Face hub's usual cache.

Steps that have such models keep a table of their own, and say what is in it as `Offered`, so that `imagelore models`
lists them all. `HF_HOME`, `HF_HUB_OFFLINE`, `HF_ENDPOINT` and `HF_TOKEN` mean what they mean to huggingface_hub.
"""

from imagelore._hub.archive import exported, imported
from imagelore._hub.cache import fetched, folder, kept, place, whole
from imagelore._hub.offered import HubFile, Offered, Reported

__all__ = ["HubFile", "Offered", "Reported", "exported", "fetched", "folder", "imported", "kept", "place", "whole"]
