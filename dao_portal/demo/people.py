"""The members of the demo. Invented, all of them; their addresses end in .example."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from accounts.models import User

PASSWORD = "try-the-portal"  # noqa: S105  (printed at every start: a demo has no secrets)
MAIL_DOMAIN = "commons.example"


@dataclass(frozen=True)
class Person:
    """A member with what they hold and have staked of the governance token."""

    name: str
    held: Decimal
    staked: Decimal = Decimal(0)
    role: User.Role = User.Role.USER
    can_sign_in: bool = False
    username: str = ""

    @property
    def total(self) -> Decimal:
        return self.held + self.staked

    @property
    def email(self) -> str:
        return f"{self.username}@{MAIL_DOMAIN}"


def person(username: str, name: str, held: str, staked: str = "0") -> Person:
    return Person(name, Decimal(held), Decimal(staked), username=username)


def host(
    username: str, name: str, held: str, staked: str, role: User.Role = User.Role.USER
) -> Person:
    """Somebody whom a visitor can be: signs in with PASSWORD."""
    return Person(name, Decimal(held), Decimal(staked), role, can_sign_in=True, username=username)


HOSTS = (
    host("ada", "Ada Okafor", "8200", "4280"),
    host("mira", "Mira Castellanos", "552000", "300000"),
    host("tomo", "Tomo Hayashi", "60000", "150000"),
    host("grace", "Grace Lindholm", "21400", "15000", User.Role.MODERATOR),
    host("alan", "Alan Whitcombe", "54900", "0", User.Role.ADMIN),
)

# Whoever else votes. No host but in a text by name: open votes are left to the visitor.
NEIGHBOURS = (
    person("idris", "Idris Bello", "440300", "100000"),
    person("lena", "Lena Novak", "298220", "100000"),
    person("priya", "Priya Raman", "86400", "100000"),
    person("jonas", "Jonas Weber", "142750"),
    person("leila", "Leila Haddad", "96207", "30000"),
    person("yuki", "Yuki Andersen", "113020"),
    person("ingrid", "Ingrid Adeyemi", "52700", "50000"),
    person("talia", "Talia Rossi", "99830.5"),
    person("rae", "Rae Lindqvist", "41300", "50000"),
    person("nadia", "Nadia Benali", "86858"),
    person("samir", "Samir Tanaka", "31400", "50000"),
    person("amara", "Amara Jensen", "75834.25"),
    person("kofi", "Kofi Patel", "72111"),
    person("soomin", "Soo-min Kang", "17532", "50000"),
    person("rafael", "Rafael Oliveira", "64408"),
    person("sam", "Sam Oduya", "44210", "20000"),
    person("esther", "Esther Yilmaz", "60844"),
    person("mateo", "Mateo Quispe", "58754.75"),
    person("kira", "Kira Kowalczyk", "56271"),
    person("viktor", "Viktor Khan", "44884"),
    person("aroha", "Aroha Ngata", "21300", "20000"),
    person("wren", "Wren Abbott", "38900"),
    person("linh", "Linh Pham", "36018"),
    person("bilal", "Bilal Chaudhry", "33140"),
    person("sinead", "Sinéad Gallagher", "12226", "20000"),
    person("oskar", "Oskar Lindgren", "29960.125"),
    person("elif", "Elif Petrov", "27607"),
    person("hana", "Hana Mori", "25141"),
    person("zofia", "Zofia Wójcik", "23980"),
    person("felix", "Felix Touré", "12710", "10000"),
    person("tendai", "Tendai Moyo", "21055"),
    person("mehmet", "Mehmet Demir", "19400"),
    person("chidi", "Chidi Eze", "18320.5"),
    person("farah", "Farah Nouri", "17006"),
    person("joao", "João Teixeira", "15890"),
    person("anneke", "Anneke de Vries", "4744", "10000"),
    person("luca", "Luca Ferrante", "13612"),
    person("bao", "Bảo Nguyễn", "12950"),
    person("keola", "Keola Kahale", "11730"),
    person("ximena", "Ximena Salas", "10804"),
    person("tariq", "Tariq Mansour", "9655"),
    person("signe", "Signe Holm", "3980", "5000"),
    person("dimitra", "Dimitra Pappas", "8215.75"),
    person("ravi", "Ravi Menon", "7440"),
    person("thandiwe", "Thandiwe Dube", "6890"),
    person("emil", "Emil Horvat", "6120"),
    person("noor", "Noor van Dijk", "5508"),
    person("pilar", "Pilar Etxeberria", "4930"),
    person("gustavo", "Gustavo Prado", "4275"),
    person("anahit", "Anahit Sarkisian", "3660"),
    person("kwame", "Kwame Asante", "3104.5"),
    person("irina", "Irina Dobre", "2480"),
    person("haruto", "Haruto Sakai", "1925"),
    person("lerato", "Lerato Khumalo", "1310"),
    person("petra", "Petra Zeman", "840"),
    person("yara", "Yara Couto", "412.000001"),
)

PEOPLE = (*HOSTS, *NEIGHBOURS)
