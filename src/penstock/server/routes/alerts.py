"""Alerts: what was told, whom to tell, a test message."""

from __future__ import annotations

from penstock.server.numbers import storable
from penstock.server.permissions import Permission
from penstock.server.routing import Call, Routes
from penstock.server.schema.alerts import (
    AlertChanges,
    AlertList,
    AlertQuery,
    AlertSettingsDetail,
    AlertTest,
    MuteList,
    NewMute,
    Tested,
)

routes = Routes("alerts")


@routes.get("/api/alerts", Permission.VIEW, query=AlertQuery)
def list_alerts(call: Call) -> AlertList:
    """Alerts, newest first, with how each of their messages stands."""
    return call.studio.alerts.list(call.query.limit, storable(call.query.before))


@routes.get("/api/alerts/settings", Permission.VIEW)
def show_alert_settings(call: Call) -> AlertSettingsDetail:
    """Whom the project tells about what; secrets only as set or not."""
    return call.studio.alerts.settings()


@routes.patch("/api/alerts/settings", Permission.ADMIN, body=AlertChanges)
def write_alert_settings(call: Call) -> AlertSettingsDetail:
    """Write keys of notification_config into the project's file; comments, and what is not named, stay."""
    return call.studio.alerts.change(call.body.set, call.body.revision)


@routes.post("/api/alerts/test", Permission.ADMIN, body=AlertTest)
def test_alert(call: Call) -> Tested:
    """Send a message to one channel now, and tell what the other side says."""
    return call.studio.alerts.test(call.body.channel, call.body.pipeline)


@routes.get("/api/mutes", Permission.VIEW)
def list_mutes(call: Call) -> MuteList:
    """What is told to nobody for a while."""
    return call.studio.alerts.mutes()


@routes.post("/api/mutes", Permission.RUN, body=NewMute)
def mute(call: Call) -> MuteList:
    """Tell nobody of failures at a block, or of a pipeline, until a time; or tell of them again."""
    return call.studio.alerts.mute(call.body.pipeline, call.body.block, call.body.until)
