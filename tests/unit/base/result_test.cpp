// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <memory>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace vigil {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return Error{Errc::Malformed, std::to_string(number) + " is odd", 87};
  return number / 2;
}

Result<int> quarter(int number) {
  VIGIL_TRY_ASSIGN(const int once, half(number));
  VIGIL_TRY_ASSIGN(const int twice, half(once));
  return twice;
}

Status require_even(int number) {
  VIGIL_TRY(half(number));
  return {};
}

TEST(Result, HoldsAValue) {
  auto result = half(8);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(static_cast<bool>(result));
  EXPECT_EQ(result.value(), 4);
  EXPECT_EQ(*result, 4);
  *result = 5;
  EXPECT_EQ(std::move(result).take(), 5);
}

TEST(Result, HoldsAnError) {
  const auto result = half(7);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Errc::Malformed);
  EXPECT_EQ(result.error().message(), "7 is odd");
  EXPECT_EQ(result.error().os_code(), 87u);
}

TEST(Result, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(3));
  EXPECT_EQ(*std::move(result).take(), 3);
}

TEST(Result, OfAnErrorLikeValueIsStillAValue) {
  const Result<std::string> result(std::string("text"));
  EXPECT_EQ(result->size(), 4u);
}

TEST(VigilTry, PassesTheFirstErrorOn) {
  EXPECT_EQ(quarter(12).value(), 3);
  EXPECT_EQ(quarter(7).error().message(), "7 is odd");
  EXPECT_EQ(quarter(6).error().message(), "3 is odd");
}

TEST(VigilTry, GoesOnAfterSuccess) {
  EXPECT_TRUE(require_even(2).ok());
  EXPECT_EQ(require_even(3).error().message(), "3 is odd");
}

TEST(Status, IsSuccessUnlessAnErrorIsPutIn) {
  EXPECT_TRUE(Status().ok());
  const Status failed = Error{Errc::Busy, "held by another"};
  EXPECT_FALSE(static_cast<bool>(failed));
  EXPECT_EQ(failed.error().code(), Errc::Busy);
  EXPECT_EQ(Status(failed).take_error().message(), "held by another");
}

TEST(Error, TakesOnContextFromInsideOut) {
  auto error =
      Error{Errc::Truncated, "needs 4 bytes", 38}.with_context("module list").with_context("a.dmp");
  EXPECT_EQ(error.message(), "a.dmp: module list: needs 4 bytes");
  EXPECT_EQ(error.code(), Errc::Truncated);
  EXPECT_EQ(error.os_code(), 38u);
}

TEST(Errc, HasANameEachAsItStandsInJson) {
  std::set<std::string_view> names;
  for (const auto code : {Errc::NotFound, Errc::Truncated, Errc::Malformed, Errc::Unsupported,
                          Errc::LimitExceeded, Errc::AccessDenied, Errc::Busy, Errc::Cancelled,
                          Errc::DiskFull, Errc::Io, Errc::Internal}) {
    const auto name = to_string(code);
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos)
        << name;
  }
  EXPECT_EQ(to_string(Errc::LimitExceeded), "limit_exceeded");
}

}  // namespace
}  // namespace vigil
