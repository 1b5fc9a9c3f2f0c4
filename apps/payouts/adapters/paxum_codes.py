"""Paxum's ResponseCodes, sorted by what we do about them.

Paxum API v1, "Response codes". A code that is in no set here, and 13 (system error),
says nothing certain about the money: the payout is looked up.
"""

from __future__ import annotations

PAID = "00"

#: The payee's account or name: the same instruction will never succeed.
REFUSED = {
    "IP": "Paxum knows no such payee.",
    "IK": "The payee cannot take this currency.",
    "NM": "The first and last name do not match Paxum's file.",
    "BM": "The business name does not match Paxum's file.",
    "UA": "The payee's Paxum account is not verified.",
    "CT": "The payee's account is not confirmed.",
    "CB": "The payee's account is not confirmed.",
    "CC": "The payee's account is not confirmed.",
}

#: Our funds, our limits, our set-up: nothing was paid, and it will work when that is mended.
LATER = {
    "03": "Paxum does not know us as a merchant.",
    "30": "Paxum could not read the request.",
    "51": "Our Paxum account has too little money.",
    "52": "The amount is over the limit of one transaction.",
    "53": "The amount is over the limit of the day.",
    "54": "The amount is over the limit of the month.",
    "55": "Paxum refused our PIN.",
    "56": "Too many transactions today.",
    "57": "Too many transactions this month.",
    "58": "Our Paxum account may not do this.",
    "66": "The method is switched off for our Paxum account.",
    "90": "Paxum did not accept our key.",
    "99": "Paxum does not offer this method.",
    "IA": "Paxum does not know our account number.",
    "P5": "Paxum could not convert the currency.",
}
