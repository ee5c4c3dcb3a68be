"""*Connexion*: signing in and out."""

from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from schemas.errors import Unavailable
from web import auth
from web.pages.shell import own_address
from web.problems import Problem

entrance: Final = Blueprint("entrance", __name__)


@entrance.get("/connexion")
def sign_in() -> str | Response:
    """Ask for name and password; somebody signed in already goes on."""
    back = own_address(request.args.get("suite", ""), url_for("shell.home"))
    try:
        if auth.account_or_none() is not None:
            return redirect(back)
    except Unavailable:
        pass  # the form says what is wrong when it is sent
    return render_template("sign_in.html", back=back, name="", problem=None)


@entrance.post("/connexion")
def signing_in() -> tuple[str, int] | Response:
    """Sign in, or say what did not fit without saying which of the two."""
    back = own_address(request.form.get("suite", ""), url_for("shell.home"))
    name = request.form.get("name", "")
    try:
        account = auth.sign_in(name, request.form.get("password", ""))
    except Problem as problem:
        if problem.status != 429:
            raise
        page = render_template("sign_in.html", back=back, name=name, problem="sign_in.slow")
        return Response(page, 429, dict(problem.headers), mimetype="text/html")
    if account is None:
        return render_template("sign_in.html", back=back, name=name, problem="sign_in.bad"), 422
    return redirect(back)


@entrance.post("/deconnexion")
def sign_out() -> Response:
    """End the session."""
    auth.sign_out()
    return redirect(url_for("entrance.sign_in"))
