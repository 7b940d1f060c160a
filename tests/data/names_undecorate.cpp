// SPDX-License-Identifier: Apache-2.0
// Reads decorated names, one a line, and prints each undecorated.
#include <cstdio>
#include <iostream>
#include <string>

#include "names/names.h"

int main() {
  std::string line;
  while (std::getline(std::cin, line)) std::puts(vigil::names::undecorate(line).c_str());
  return 0;
}
