"""What a member sends who fills in the whole profile."""

FORM = {
    "first_name": "Ada",
    "last_name": "Okafor",
    "bio": "I vote on **everything**.",
    "website": "https://ada.example",
    "twitter": "ada",
    "discord": "ada.okafor",
    "telegram": "",
    "theme": "dark",
    "time_zone": "Africa/Lagos",
}
