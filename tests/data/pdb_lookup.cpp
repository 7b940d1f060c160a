// SPDX-License-Identifier: Apache-2.0
// pdb_lookup FILE.pdb: reads RVAs in hex from standard input, and prints for each its places
// (function, file and line, with tabs between, the innermost first) and an empty line. pdb_lookup
// --frames FILE.pdb: prints the frame data instead, one line each. pdb_lookup --names FILE.pdb:
// reads names, `name NAME` of a global and `type NAME` of a structure, and prints where the one is,
// and how the other is laid out.
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/utf.h"
#include "pdb/pdb.h"
#include "platform/platform.h"

namespace vigil {
namespace {

void print_places(pdb::Pdb& pdb, std::uint32_t rva) {
  if (const auto location = pdb.locate(rva)) {
    for (const auto& place : location->places) {
      fmt::print("{}\t{}\t{}\n", place.function, place.file, place.line);
    }
  }
  fmt::print("\n");
}

void print_frame(pdb::Pdb& pdb, std::uint32_t rva) {
  if (const auto frame = pdb.frame_data(rva)) {
    fmt::print("{:x}\t{}\t{}\t{}\t{}\t{}\t{}\n", frame->rva, frame->size, frame->locals,
               frame->params, frame->prologue, frame->saved_registers, frame->program);
  } else {
    fmt::print("\n");
  }
}

/// `type`, its name and size; `member` for each, with offset, size, the bits it has and its name.
void print_type(pdb::Pdb& pdb, const std::string& name) {
  const auto type = pdb.find_type(name);
  if (!type) return fmt::print("type\t{}\t-\n", name);
  fmt::print("type\t{}\t{}\n", name, type->size);
  for (const auto& member : type->members) {
    if (member.is_base) continue;
    fmt::print("member\t{}\t{}\t{}\t{}\t{}\n", member.offset, member.size, member.bit_position,
               member.bit_count, member.name);
    if (pdb.find_member(name, member.name) || member.name.find_first_of("[.") != std::string::npos)
      continue;
    fmt::print("lost\t{}\n", member.name);
  }
}

void print_names(pdb::Pdb& pdb) {
  constexpr std::string_view kName = "name ", kType = "type ";
  std::string line;
  while (std::getline(std::cin, line)) {
    if (line.starts_with(kType)) print_type(pdb, line.substr(kType.size()));
    if (!line.starts_with(kName)) continue;
    const auto name = line.substr(kName.size());
    const auto rva = pdb.find_name(name);
    fmt::print("name\t{}\t{}\n", name, rva ? fmt::format("{:x}", *rva) : "-");
  }
}

void print_addresses(pdb::Pdb& pdb, bool frames) {
  unsigned int rva = 0;
  while (std::scanf("%x", &rva) == 1) {
    if (frames) {
      print_frame(pdb, rva);
    } else {
      print_places(pdb, rva);
    }
  }
}

int run(int argc, char** argv) {
  const std::string_view option = argc == 3 ? argv[1] : "";
  if (argc != (option.empty() ? 2 : 3) ||
      (!option.empty() && option != "--frames" && option != "--names")) {
    fmt::print(stderr, "usage: pdb_lookup [--frames] FILE.pdb <RVAS | --names FILE.pdb <NAMES\n");
    return 2;
  }
  const auto file = platform::MappedFile::open(path_from_utf8(argv[argc - 1]));
  if (!file.ok()) {
    fmt::print(stderr, "{}\n", file.error().message());
    return 1;
  }
  auto pdb = pdb::Pdb::open(**file);
  if (!pdb.ok()) {
    fmt::print(stderr, "{}\n", pdb.error().message());
    return 1;
  }
  if (option == "--names") {
    print_names(*pdb);
  } else {
    print_addresses(*pdb, option == "--frames");
  }
  for (const auto& note : pdb->diagnostics().notes()) fmt::print(stderr, "{}\n", note);
  return 0;
}

}  // namespace
}  // namespace vigil

int main(int argc, char** argv) {
  return vigil::run(argc, argv);
}
