"""Asks the Hotseat sidecar who leads. The answer expires by itself, by a clock of this machine."""

from .belief import Change, Kind
from .client import Client
from .wire import SidecarError

__all__ = ["Change", "Client", "Kind", "SidecarError"]
