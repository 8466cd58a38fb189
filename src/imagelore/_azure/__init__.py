"""What the Azure providers share: who we are, where a key may go, and what Azure's exceptions mean in one line.

Imported by providers named `azure_*` only. Everywhere a key is accepted; without one the identity is Entra's.
"""

from imagelore._azure.failures import Service, explain, hidden, says, status
from imagelore._azure.places import LoopbackPolicy, address, is_loopback
from imagelore._azure.signin import Identity, credential, identity

__all__ = [
    "Identity",
    "LoopbackPolicy",
    "Service",
    "address",
    "credential",
    "explain",
    "hidden",
    "identity",
    "is_loopback",
    "says",
    "status",
]
