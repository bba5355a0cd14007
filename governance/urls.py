"""The addresses of governance. ``<number>`` is the public number: #42."""

from django.urls import path

from .views import downloads, drafts, home, members, proposals, votes

app_name = "governance"

urlpatterns = [
    path("proposals/", proposals.show_proposal_list, name="proposal_list"),
    path("proposals/new/", drafts.proposal_create, name="proposal_create"),
    path("proposals/<int:number>/", proposals.show_proposal_detail, name="proposal_detail"),
    path(
        "proposals/<int:number>/results/", proposals.show_proposal_results, name="proposal_results"
    ),
    path("proposals/<int:number>/edit/", drafts.proposal_edit, name="proposal_edit"),
    path("proposals/<int:number>/publish/", drafts.proposal_publish, name="proposal_publish"),
    path("proposals/<int:number>/withdraw/", drafts.proposal_withdraw, name="proposal_withdraw"),
    path("proposals/<int:number>/again/", drafts.proposal_again, name="proposal_again"),
    path("proposals/<int:number>/delete/", drafts.proposal_delete, name="proposal_delete"),
    path("proposals/<int:number>/vote/", votes.vote_cast, name="vote_cast"),
    path("proposals/<int:number>/votes/", votes.show_vote_list, name="vote_list"),
    path("proposals/<int:number>/votes.csv", downloads.votes_csv, name="votes_csv"),
    path("proposals/<int:number>/frozen.json", downloads.frozen_json, name="frozen_json"),
    path("proposals/<int:number>/source.md", downloads.source_markdown, name="source_markdown"),
    path("members/", members.show_member_list, name="member_list"),
    path("help/voting/", proposals.show_voting_help, name="voting_help"),
]

home_patterns = [path("", home.show_home, name="home")]
