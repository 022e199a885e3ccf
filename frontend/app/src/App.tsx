import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";
import { BrowserRouter, Route, Routes } from "react-router";

import { createQueryClient } from "./api/queryClient";
import { RequireUser } from "./auth/RequireUser";
import { ContentPage } from "./course/ContentPage";
import { CourseIntro } from "./course/CourseIntro";
import { Shell } from "./layout/Shell";
import { AnalyticsPage } from "./pages/AnalyticsPage";
import { CoursePage } from "./pages/CoursePage";
import { CoursesPage } from "./pages/CoursesPage";
import { ForgotPasswordPage, ResetPasswordPage, VerifyEmailPage } from "./pages/MailedLinkPages";
import { LivePage } from "./pages/LivePage";
import { NotFoundPage } from "./pages/NotFoundPage";
import { PeoplePage } from "./pages/PeoplePage";
import { ProfilePage } from "./pages/ProfilePage";
import { RegisterPage } from "./pages/RegisterPage";
import { SignInPage } from "./pages/SignInPage";
import { TimePage } from "./pages/TimePage";
import { theme } from "./theme";

export function App() {
  const [queryClient] = useState(createQueryClient);
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={queryClient}>
        <BrowserRouter>
          <Routes>
            <Route path="/sign-in" element={<SignInPage />} />
            <Route path="/register" element={<RegisterPage />} />
            <Route path="/verify-email" element={<VerifyEmailPage />} />
            <Route path="/forgot-password" element={<ForgotPasswordPage />} />
            <Route path="/reset-password" element={<ResetPasswordPage />} />
            <Route element={<RequireUser />}>
              <Route element={<Shell />}>
                <Route index element={<CoursesPage />} />
                <Route path="/courses/:slug/people" element={<PeoplePage />} />
                <Route path="/courses/:slug/live" element={<LivePage />} />
                <Route path="/courses/:slug/analytics" element={<AnalyticsPage />} />
                <Route path="/courses/:slug" element={<CoursePage />}>
                  <Route index element={<CourseIntro />} />
                  <Route path="contents/:contentId" element={<ContentPage />} />
                </Route>
                <Route path="/time" element={<TimePage />} />
                <Route path="/profile" element={<ProfilePage />} />
                <Route path="*" element={<NotFoundPage />} />
              </Route>
            </Route>
          </Routes>
        </BrowserRouter>
      </QueryClientProvider>
    </MantineProvider>
  );
}
