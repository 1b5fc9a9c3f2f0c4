"""The look of FanzDash (apps.dash), for django-unfold."""

from __future__ import annotations

from typing import Any

STATIC_URL = "/static/"
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "FanzDash",
    "SITE_HEADER": "FanzDash",
    "SITE_SUBHEADER": "Back office of the FANZ brands",
    "SITE_SYMBOL": "monitoring",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": f"{STATIC_URL}dash/favicon.svg"}
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "apps.dash.views.environment",
    "STYLES": [f"{STATIC_URL}dash/console.css"],
    "BORDER_RADIUS": "8px",
    "COMMAND": {"search_callback": "apps.dash.views.search"},
    "SIDEBAR": {"show_search": True, "command_search": True},
    "COLORS": {
        "base": {
            "50": "#F8F8FB",
            "100": "#F1F1F5",
            "200": "#E3E3EA",
            "300": "#C6C6D0",
            "400": "#9A9AAA",
            "500": "#676777",
            "600": "#50505F",
            "700": "#353543",
            "800": "#23232E",
            "900": "#0E0E13",
            "950": "#09090D",
        },
        "primary": {
            "50": "#F6F0FF",
            "100": "#ECDFFF",
            "200": "#DAC0FF",
            "300": "#C9A2FF",
            "400": "#BB88FF",
            "500": "#AA68FF",
            "600": "#8A35F2",
            "700": "#7425D6",
            "800": "#5C1CAB",
            "900": "#471886",
            "950": "#2C0B59",
        },
    },
}
