"""Every word of home and profiles, English and French, each written for itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "title": "Live conversations · Parvis",
        "pitch": "The square is open",
        "tagline": "Conversations that anybody may listen to, and that do not break when the crowd comes.",
        "studio": "Your studio",
        "sign_in": "Sign in",
        "search": "Search",
        "search_label": "Title, topic or host",
        "live": "Live now",
        "upcoming": "Coming up",
        "past": "Earlier",
        "live_none": "Nobody is speaking just now.",
        "upcoming_none": "Nothing is announced.",
        "past_none": "Nothing yet.",
        "results": "What was found for “{}”",
        "results_none": "Nothing was found for “{}”. Fewer words may find more.",
        "more": "More",
        "all": "All",
        "with": "with {}",
        "listening_one": "1 listening",
        "listening": "{} listening",
        "state_live": "Live",
        "state_held": "On hold",
        "state_scheduled": "Upcoming",
        "state_ended": "Over",
        "replay": "Listen again",
        "remind": "Remind me",
        "remind_of": "Remind me of “{}”",
        "home": "Home",
        "follow": "Follow",
        "unfollow": "Following",
        "block": "Block",
        "unblock": "Unblock",
        "blocked": "Blocked: they can't follow or invite you, nor ask or write where you are the host.",
        "follow_refused": "This account doesn't let you follow it.",
        "calendar": "In your calendar",
        "feed": "Podcast feed",
        "unknown": "There is nobody of that name here",
        "other_language": "Français",
        "none_of": "{} has no public Spaces yet.",
        "profile": "{} (@{}) · Parvis",
        "hosts": "Spaces hosted by {}",
    },
    "fr": {
        "title": "Conversations en direct · Parvis",
        "pitch": "La place est ouverte",
        "tagline": "Des conversations que tout le monde peut écouter, et qui tiennent quand la foule arrive.",
        "studio": "Votre studio",
        "sign_in": "Se connecter",
        "search": "Chercher",
        "search_label": "Titre, sujet ou hôte",
        "live": "En ce moment",
        "upcoming": "Bientôt",
        "past": "Déjà passé",
        "live_none": "Personne ne parle pour l’instant.",
        "upcoming_none": "Rien n’est annoncé.",
        "past_none": "Rien encore.",
        "results": "Trouvé pour « {} »",
        "results_none": "Rien trouvé pour « {} ». Essayez avec moins de mots.",
        "more": "La suite",
        "all": "Tout voir",
        "with": "avec {}",
        "listening_one": "1 personne écoute",
        "listening": "{} personnes écoutent",
        "state_live": "En direct",
        "state_held": "En suspens",
        "state_scheduled": "À venir",
        "state_ended": "Terminé",
        "replay": "Réécouter",
        "remind": "Me le rappeler",
        "remind_of": "Me le rappeler : « {} »",
        "home": "Accueil",
        "follow": "Suivre",
        "unfollow": "Suivi",
        "block": "Bloquer",
        "unblock": "Débloquer",
        "blocked": "Ce compte est bloqué : il ne peut ni vous suivre ou vous inviter, "
        "ni intervenir là où vous animez.",
        "follow_refused": "Ce compte ne se laisse pas suivre par vous.",
        "calendar": "Dans votre agenda",
        "feed": "Flux podcast",
        "unknown": "Il n’y a personne de ce nom ici",
        "other_language": "English",
        "none_of": "{} n’a pas encore d’Espace public.",
        "profile": "{} (@{}) · Parvis",
        "hosts": "Les Espaces de {}",
    },
}
OTHER: Final = {"en": "fr", "fr": "en"}
DAYS: Final = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
}
MONTHS: Final = {
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    "fr": (
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ),
}


def choose_language(wanted: str | None, accepted: str) -> str:
    """`wanted` if we speak it, else the first of `Accept-Language` that we do, else English."""
    for entry in f"{wanted or ''},{accepted}".split(","):
        language = entry.partition(";")[0].strip().lower().partition("-")[0]
        if language in WORDS:
            return language
    return "en"
