"""Addresses of back-tests, below a program's dashboard."""

from django.urls import path

from analytics.views.backtests import files, pages

urlpatterns = [
    path("", pages.backtests, name="backtests"),
    path("new/", pages.new, name="backtest_new"),
    path("tiers/", pages.of_tiers, name="backtest_tiers"),
    path("<int:backtest_id>/", pages.one, name="backtest"),
    path("<int:backtest_id>/stop/", pages.stop, name="backtest_stop"),
    path("<int:backtest_id>/go-on/", pages.go_on, name="backtest_go_on"),
    path("<int:backtest_id>/delete/", pages.delete, name="backtest_delete"),
    path("<int:backtest_id>/<slug:part>.csv", files.table, name="backtest_csv"),
]
