"""Routes of the users' REST surface, below `/api/v1/`."""

from django.urls import path

from users.views import account, profile, signin

urlpatterns = [
    path("register/", account.RegisterView.as_view(), name="register"),
    path("verify-email/", account.VerifyEmailView.as_view(), name="verify-email"),
    path("verify-email/resend/", account.ResendView.as_view(), name="verify-email-resend"),
    path("password/change/", account.ChangePasswordView.as_view(), name="password-change"),
    path("password/reset/", account.ResetPasswordView.as_view(), name="password-reset"),
    path("password/reset/confirm/", account.ConfirmResetView.as_view(), name="password-reset-confirm"),
    path("me/", profile.MeView.as_view(), name="me"),
    path("me/avatar/", profile.AvatarView.as_view(), name="avatar"),
    path("me/export/", profile.ExportView.as_view(), name="export"),
    path("login/", signin.LoginView.as_view(), name="login"),
    path("logout/", signin.LogoutView.as_view(), name="logout"),
    path("tokens/", signin.TokenListView.as_view(), name="tokens"),
    path("tokens/<int:pk>/", signin.TokenView.as_view(), name="token"),
]
