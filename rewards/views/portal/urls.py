"""Addresses of the portal below /p/<slug>/ that `rewards` answers."""

from django.urls import path

from rewards.views.portal import (
    leaving,
    pages,
    passcode,
    pictures,
    redeeming,
    reinstating,
    shelves,
    statement,
)

urlpatterns = [
    path("", pages.home, name="home"),
    path("card/", pages.card, name="card"),
    path("code/", passcode.passcode, name="passcode"),
    path("lots/", pages.lots, name="lots"),
    path("lots/back/", reinstating.reinstate, name="reinstate"),
    path("history/", pages.history, name="history"),
    path("statement/", statement.statement, name="statement"),
    path("statement/file/", statement.statement_file, name="statement_file"),
    path("verify/", statement.verify, name="verify"),
    path("verify/keys/", statement.verify_keys, name="verify_keys"),
    path("download/", leaving.download, name="download"),
    path("leave/", leaving.leave, name="leave"),
    path("leave/code/", leaving.leave_code, name="leave_code"),
    path("rewards/", shelves.rewards, name="rewards"),
    path("rewards/<slug:key>/", shelves.reward, name="reward"),
    path("mine/", redeeming.mine, name="mine"),
    path("mine/<int:redemption_id>/", redeeming.redemption, name="redemption"),
    path("mine/<int:redemption_id>/back/", redeeming.give_back, name="redemption_back"),
    path("pictures/<slug:digest>/", pictures.picture, name="picture"),
    path("goodbye/", leaving.goodbye, name="goodbye"),
]
