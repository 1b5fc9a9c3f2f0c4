"""Who one meets on the demo's brands. Nobody of this name exists."""

from __future__ import annotations

from typing import NamedTuple


class Person(NamedTuple):
    """A creator's public face."""

    handle: str
    name: str
    bio: str


#: Four creators on each brand.
CREATORS = {
    "fanzlab": (
        Person(
            "mira-lux", "Mira Lux", "Cabaret, corsets and late-night letters. New set on Fridays."
        ),
        Person(
            "theo-grand",
            "Theo Grand",
            "Life model with a lot to say about art. Questions welcome.",
        ),
        Person(
            "opal-and-ash", "Opal & Ash", "A couple that films everything twice. Sunday live show."
        ),
        Person("juno-vale", "Juno Vale", "Photographer in front of her own camera. Film only."),
    ),
    "boyfanz": (
        Person(
            "leo-marin", "Leo Marin", "Swimmer, surfer, sunburnt. Beach days and locker rooms."
        ),
        Person(
            "kai-rivers", "Kai Rivers", "Dancer from Lisbon. Rehearsals by day, the rest by night."
        ),
        Person("dante-cole", "Dante Cole", "Boxing, ink and bad jokes. I answer every message."),
        Person("noah-quinn", "Noah Quinn", "The boy next door, if next door had a ring light."),
    ),
    "girlfanz": (
        Person("ruby-monroe", "Ruby Monroe", "Pin-up, redhead, old soul. Custom sets on request."),
        Person(
            "ava-sinclair", "Ava Sinclair", "Yoga teacher off duty. Stretch with me on Tuesdays."
        ),
        Person("lola-vega", "Lola Vega", "Salsa, silk and a very small balcony in Valencia."),
        Person("isla-hart", "Isla Hart", "Gamer, cosplayer, trouble. New costume each month."),
    ),
    "daddyfanz": (
        Person("marcus-steele", "Marcus Steele", "Suits, whisky, house rules. Ask politely."),
        Person("big-anders", "Big Anders", "Lumberjack by trade. Flannel stays on, mostly."),
        Person(
            "victor-hale",
            "Victor Hale",
            "Silver, stern and kinder than I look. Voice notes daily.",
        ),
        Person("sir-roman", "Sir Roman", "Leather since 1998. Consent first, always."),
    ),
    "pupfanz": (
        Person("rex-the-pup", "Rex", "Good boy of the Berlin pack. Fetch, gear and howling."),
        Person(
            "pup-biscuit", "Biscuit", "Blue tail, floppy ears, endless energy. Treats accepted."
        ),
        Person("handler-jo", "Handler Jo", "Two pups and one very long leash. Training diaries."),
        Person(
            "scout-pup", "Scout", "New to the park and loving it. Be gentle, then throw the ball."
        ),
    ),
    "taboofanz": (
        Person(
            "mistress-noir",
            "Mistress Noir",
            "Rope, candles, silence. Limits are agreed beforehand.",
        ),
        Person("raven-locke", "Raven Locke", "Latex tailor. I make it, I wear it, you watch."),
        Person("the-duchess", "The Duchess", "Ceremony and strict manners. Letters by hand."),
        Person("wolfgang-k", "Wolfgang K", "Rigger and teacher. Safety talks free, knots extra."),
    ),
    "transfanz": (
        Person("stella-nova", "Stella Nova", "Showgirl and proud. Sequins are a way of life."),
        Person(
            "jade-moreau",
            "Jade Moreau",
            "Paris nights and slow mornings. Five years on, still glowing.",
        ),
        Person(
            "alex-storm", "Alex Storm", "Trans man, gym rat, softie. Progress photos each month."
        ),
        Person("kim-aurora", "Kim Aurora", "Model, mum of two cats, queen of the long stare."),
    ),
    "cougarfanz": (
        Person("diana-cross", "Diana Cross", "Fifty, fabulous and done with small talk."),
        Person("helena-west", "Helena West", "Divorced, delighted. Poolside from May to October."),
        Person(
            "carla-fontaine",
            "Carla Fontaine",
            "Wine merchant with a wicked cellar. Tastings on Thursdays.",
        ),
        Person("simone-b", "Simone B", "Retired ballet teacher. Still flexible."),
    ),
    "fanzcock": (
        Person("jax-turner", "Jax Turner", "Sixty seconds, no cuts. Three clips a day."),
        Person("milo-fast", "Milo Fast", "Short clips for short breaks. Lunch hour special."),
        Person("tony-vertical", "Tony Vertical", "Filmed on the phone, meant for the phone."),
        Person("max-loop", "Max Loop", "It loops. You will watch it again."),
    ),
}

DEMO_CREATOR = Person(
    "demo-creator", "Robin Demo", "The demo's own creator: sign in as me to see earnings."
)
DEMO_FAN = Person("demo-fan", "Sam Demo", "")
