"""What the pages ask for: querysets and frozen dataclasses, no writes."""

from .ballots import VoteCard, vote_card
from .charts import TurnoutChart, turnout_chart
from .files import fingerprinted, published_votes
from .help import VotingHelp, voting_help
from .members import MemberRecord, member_proposals, member_record, member_votes
from .pages import ProposalPage, RuleLines, proposal_page, rule_lines
from .proposals import ListFilters, ListPage, ProposalRow, proposal_list, proposal_rows
from .tallies import ChoiceCount, Standing, standing_of, standings, state_key
from .votes import VoteFilters, VoteRow, VotesPage, votes_page

__all__ = [
    "ChoiceCount",
    "ListFilters",
    "ListPage",
    "MemberRecord",
    "ProposalPage",
    "ProposalRow",
    "RuleLines",
    "Standing",
    "TurnoutChart",
    "VoteCard",
    "VoteFilters",
    "VoteRow",
    "VotesPage",
    "VotingHelp",
    "fingerprinted",
    "member_proposals",
    "member_record",
    "member_votes",
    "proposal_list",
    "proposal_page",
    "proposal_rows",
    "published_votes",
    "rule_lines",
    "standing_of",
    "standings",
    "state_key",
    "turnout_chart",
    "vote_card",
    "votes_page",
    "voting_help",
]
