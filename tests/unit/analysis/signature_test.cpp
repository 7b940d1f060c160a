// SPDX-License-Identifier: Apache-2.0
#include "analysis/signature.h"

#include <cstdint>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "unit/analysis/sample_crash.h"

namespace vigil::analysis {
namespace {

std::string signature_of(SampleCrash& sample) {
  return sample.analyze().signature.text;
}

TEST(Signature, JoinsTheInnermostFrameOutsideOfTheSystemAndTheException) {
  SampleCrash sample(0xc0000005, {0, 0x18});
  EXPECT_EQ(signature_of(sample), "orders!Cart::total | ACCESS_VIOLATION");
  EXPECT_EQ(sample.analyze().signature.version, kSignatureVersion);
}

/// Every address of \p sample that the loader chooses, moved by \p distance.
void move_modules(SampleCrash& sample, std::uint64_t distance) {
  for (auto& module : sample.snapshot.modules) module.base += distance;
  for (auto& thread : sample.threads) {
    for (auto& frame : thread.frames) frame.instruction += distance;
  }
  sample.snapshot.exception->address += distance;
}

TEST(Signature, DoesNotDependOnWhereModulesAreLoaded) {
  const char* functions[] = {"", "Cart::total", "std::vector<int>::at", "memcpy", "_purecall"};
  const char* modules[] = {"orders.dll", "ntdll.dll", "OrdersApi.exe", "", "sqlite3.dll"};
  std::uint32_t seed = 4711;
  const auto next = [&seed](std::uint32_t limit) {
    seed = seed * 1664525 + 1013904223;
    return (seed >> 16) % limit;
  };
  for (int i = 0; i < 500; ++i) {
    const std::uint32_t codes[] = {0xc0000005, 0xc00000fd, 0xc0000409, 0xe06d7363};
    SampleCrash here(codes[next(4)], {next(2), 0x18});
    here.snapshot.system.os = snapshot::Os::Windows;
    here.snapshot.modules[0].base = 0x7ff8'0000'0000;
    here.snapshot.modules[0].size = 0x10000;
    here.stack().clear();
    for (auto count = next(40); count > 0; --count) {
      here.stack().push_back(frame(modules[next(5)], functions[next(5)], next(64),
                                   next(4) == 0 ? "scan" : "unwind_info"));
    }
    SampleCrash there(here.snapshot.exception->code, here.snapshot.exception->parameters);
    there.snapshot = here.snapshot;
    there.threads = here.threads;
    move_modules(there, std::uint64_t{next(0x7fff)} << 16);
    const auto one = here.analyze().signature, two = there.analyze().signature;
    EXPECT_EQ(one, two);
  }
}

TEST(Signature, DoesNotDependOnTheOffsetInANamedFunctionOrOnTheSystemsVersion) {
  SampleCrash before(0xc0000005, {0, 0x18});
  SampleCrash after(0xc0000005, {0, 0x18});
  before.stack().insert(before.stack().begin(), frame("ntdll.dll", "", 0x100));
  after.stack().insert(after.stack().begin(), frame("ntdll.dll", "", 0x2f0));
  after.stack()[1].function_offset = 0x50;
  EXPECT_EQ(signature_of(before), signature_of(after));
}

TEST(Signature, NamesAFrameWithoutASymbolByItsOffsetInTheModule) {
  SampleCrash sample(0xc0000005, {0, 0x18});
  sample.stack()[0].function.clear();
  EXPECT_EQ(signature_of(sample), "orders.dll+0x101a | ACCESS_VIOLATION");
}

TEST(Signature, NamesTheSystemByModuleAndFunctionWhenThereIsNothingElse) {
  SampleCrash sample(0xc0000005, {0, 0x18});
  sample.stack() = {frame("ntdll.dll", "", 0x10), frame("ntdll.dll", "", 0x50),
                    frame("KERNELBASE.dll", "Sleep", 0x50)};
  EXPECT_EQ(signature_of(sample), "ntdll | kernelbase!Sleep | ACCESS_VIOLATION");
}

TEST(Signature, GoesOnBehindAPrefixAndTakesRecursionOnce) {
  SampleCrash sample(0xc0000094, {});
  sample.stack() = {frame("a.exe", "std::vector<int>::at", 1),
                    frame("a.exe", "std::vector<long>::at", 1), frame("a.exe", "f", 1),
                    frame("a.exe", "g", 1)};
  EXPECT_EQ(signature_of(sample), "a!std::vector<T>::at | a!f | INTEGER_DIVIDE_BY_ZERO");
  EXPECT_EQ(sample.analyze().blamed_frame, 2u);
}

TEST(Signature, PutsAtMostFivePartsTogether) {
  SampleCrash sample(0xc0000094, {});
  sample.stack().clear();
  for (int i = 0; i < 9; ++i)
    sample.stack().push_back(frame("a.exe", fmt::format("std::f{}", i), 1));
  EXPECT_EQ(signature_of(sample),
            "a!std::f0 | a!std::f1 | a!std::f2 | a!std::f3 | a!std::f4 | INTEGER_DIVIDE_BY_ZERO");
  EXPECT_EQ(sample.analyze().blamed_frame, 0u);
}

TEST(Signature, StartsAtASentinel) {
  SampleCrash sample(0xc0000409, {7});
  sample.stack().insert(sample.stack().begin(), {frame("orders.dll", "on_terminate", 0x10),
                                                 frame("orders.dll", "_purecall", 0x20)});
  EXPECT_EQ(signature_of(sample),
            "orders!_purecall | orders!Cart::total | FAIL_FAST (FATAL_APP_EXIT)");
  EXPECT_EQ(sample.analyze().blamed_frame, 2u);
}

TEST(Signature, BlamesAnInlinedFunctionLikeAnyOther) {
  SampleCrash sample(0xc0000005, {0, 0x18});
  auto inlined = sample.stack()[0];
  inlined.function = "Item::price";
  inlined.trust = "inline";
  sample.stack().insert(sample.stack().begin(), inlined);
  const auto findings = sample.analyze();
  EXPECT_EQ(findings.signature.text, "orders!Item::price | ACCESS_VIOLATION");
  EXPECT_EQ(findings.blamed_frame, 0u);
  // Whether a symbol file knows of it makes no difference where only addresses count.
  sample.stack().erase(sample.stack().begin());
  EXPECT_EQ(sample.analyze().signature.strict, findings.signature.strict);
}

TEST(Signature, IsStrictByAddressesThatNeedNoSymbols) {
  SampleCrash sample(0xc0000005, {1, 0x18});
  sample.stack().insert(sample.stack().begin(), frame("ntdll.dll", "", 0x77));
  const std::string expected = "orders.dll+0x101a | orders.dll+0x1099 | ACCESS_VIOLATION write";
  EXPECT_EQ(sample.analyze().signature.strict, expected);
  for (auto& frame : sample.stack()) frame.function.clear();
  EXPECT_EQ(sample.analyze().signature.strict, expected);
}

TEST(Signature, OfAStackOverflowNamesTheCircleWhereverItEnded) {
  const auto make = [](int shift) {
    SampleCrash sample(0xc00000fd, {1, 0x1000});
    sample.stack().clear();
    const char* circle[] = {"visit", "walk", "enter"};
    for (int i = 0; i < 30; ++i)
      sample.stack().push_back(frame("a.exe", circle[(i + shift) % 3], 1));
    sample.stack().insert(sample.stack().begin(),
                          frame("a.exe", "leaf" + std::to_string(shift), 1));
    return signature_of(sample);
  };
  EXPECT_EQ(make(0), "a!enter | a!walk | a!visit | STACK_OVERFLOW");
  EXPECT_EQ(make(0), make(1));
  EXPECT_EQ(make(1), make(2));
}

TEST(Signature, TellsFastFailsApart) {
  SampleCrash sample(0xc0000409, {2});
  EXPECT_EQ(signature_of(sample), "orders!Cart::total | FAIL_FAST (STACK_COOKIE_CHECK_FAILURE)");
}

TEST(Signature, SaysWhenNothingCrashed) {
  SampleCrash sample(0, {});
  sample.snapshot.exception.reset();
  EXPECT_EQ(signature_of(sample), "ordersapi!main | NO_EXCEPTION");
}

TEST(Signature, KeepsTheExceptionWhenItIsCutOff) {
  SampleCrash sample(0xc0000005, {0, 0});
  sample.stack()[0].function = std::string(1000, 'f');
  sample.stack()[1].module = std::string(300, 'm') + ".dll";
  const auto signature = signature_of(sample);
  EXPECT_EQ(signature.size(), kMaxSignatureBytes);
  EXPECT_TRUE(signature.ends_with("... | ACCESS_VIOLATION")) << signature;
}

TEST(Signature, IsNeverCutWithinACharacter) {
  for (std::size_t length = 200; length < 260; ++length) {
    SampleCrash sample(0xc0000005, {0, 0});
    sample.stack().resize(1);
    sample.stack()[0].function = std::string(length, 'f') + "äöüäöüäöüäöüäöüäöüäöüäöüäöü";
    EXPECT_EQ(signature_of(sample).find("\xef\xbf\xbd"), std::string::npos) << length;
    EXPECT_LE(signature_of(sample).size(), kMaxSignatureBytes);
  }
}

TEST(NormalizeFunction, DropsWhatChangesFromBuildToBuild) {
  const std::pair<const char*, const char*> cases[] = {
      {"main", "main"},
      {"Cart::total(int, std::vector<int> const&) const", "Cart::total"},
      {"std::vector<std::pair<int, Foo<3>>>::at", "std::vector<T>::at"},
      {"std::operator<< <char>(std::ostream&)", "std::operator<< <T>"},
      {"Foo::operator()(int) const", "Foo::operator()"},
      {"Foo::operator->()", "Foo::operator->"},
      {"operator<<int>", "operator<<T>"},
      {"operator<<<int>", "operator<<<T>"},
      {"A::operator< <B<int> >(int) const", "A::operator< <T>"},
      {"A::operator><int>", "A::operator><T>"},
      {"A::operator<=><int>", "A::operator<=><T>"},
      {"A::operator-><int>", "A::operator-><T>"},
      {"A::operator<int> int", "A::operator<T> int"},
      {"A::operator+=", "A::operator+="},
      {"`anonymous namespace'::crash", "`anonymous namespace'::crash"},
      {"ns::`anonymous namespace'::A<int>::f", "ns::`anonymous namespace'::A<T>::f"},
      {"ns::(anonymous namespace)::A<int>::f", "ns::(anonymous namespace)::A<T>::f"},
      {"`f'::`2'::<lambda_1>::operator()", "`f'::`2'::<T>::operator()"},
      {"f(int)::{lambda(auto:1)#1}::operator()<int>", "f::{lambda}::operator()<T>"},
      {"A::f(void (*)(int)) const::{lambda()#2}::operator()() const", "A::f::{lambda}::operator()"},
      {"f(int", "f"},
      {"f::{lambda(int", "f::{lambda}"},
      {"(anonymous namespace)::crash()", "(anonymous namespace)::crash"},
      {"f.part.0", "f"},
      {"f.constprop.1.isra.0", "f"},
      {"alloc::vec::push::h0123456789abcdef", "alloc::vec::push"},
      {"<T as core::fmt::Debug>::fmt", "<T>::fmt"},
      {"?total@Cart@@QEAAHXZ", "?total@Cart@@QEAAHXZ"},
      {"_ZN4Cart5totalEv.cold", "_ZN4Cart5totalEv"},
      {"a > b", "a > b"},
      {"", ""},
  };
  for (const auto& [name, expected] : cases) EXPECT_EQ(normalize_function(name), expected) << name;
}

}  // namespace
}  // namespace vigil::analysis
