// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gtest/gtest.h>

#include "report/report.h"

namespace vigil::report {
namespace {

std::string place(std::string function) {
  Frame frame;
  frame.module = "orders.dll";
  frame.function = std::move(function);
  frame.function_offset = 0x1a;
  return place_of(frame);
}

TEST(Place, IsModuleFunctionAndOffset) {
  EXPECT_EQ(place("Cart::total"), "orders!Cart::total+0x1a");
  Frame frame;
  frame.instruction = 0x7ff6'1000;
  EXPECT_EQ(place_of(frame), "0x000000007ff61000");
  frame.module = "orders.dll";
  frame.module_offset = 0x1000;
  EXPECT_EQ(place_of(frame), "orders.dll+0x1000");
}

TEST(Place, LeavesOutTheTypesOfParameters) {
  EXPECT_EQ(place("Cart::total(int, std::map<int, void (*)(char)>)"), "orders!Cart::total+0x1a");
  EXPECT_EQ(place("Cart::total() const"), "orders!Cart::total+0x1a");
  EXPECT_EQ(place("Cart::total() const &"), "orders!Cart::total+0x1a");
  EXPECT_EQ(place("operator()(int)"), "orders!operator()+0x1a");
  EXPECT_EQ(place("main::{lambda(int)#1}::operator()(int) const"),
            "orders!main::{lambda(int)#1}::operator()+0x1a");
}

TEST(Place, KeepsParenthesesThatAreNone) {
  EXPECT_EQ(place("Cart::operator()"), "orders!Cart::operator()+0x1a");
  EXPECT_EQ(place("(anonymous namespace)"), "orders!(anonymous namespace)+0x1a");
  EXPECT_EQ(place("ns::(anonymous namespace)"), "orders!ns::(anonymous namespace)+0x1a");
  EXPECT_EQ(place("broken)"), "orders!broken)+0x1a");
  EXPECT_EQ(place(")"), "orders!)+0x1a");
  EXPECT_EQ(place("()"), "orders!()+0x1a");
}

}  // namespace
}  // namespace vigil::report
