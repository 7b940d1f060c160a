// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/utf.h"
#include "fetch/fetch.h"
#include "pdb/pdb.h"
#include "support/http_server.h"
#include "unit/image/pe_builder.h"
#include "unit/pdb/pdb_support.h"
#include "unit/symbols/temp_folder.h"

namespace vigil::fetch {

inline constexpr std::string_view kSymId = "5A9832E5287241C1838ED98914E9B7FF1";
inline constexpr std::string_view kImageId = "5F00123410000";

inline std::string pdb_bytes() {
  return test::Sample().finish();
}
inline std::string pdb_id() {
  return pdb::debug_id(test::OpenPdb(pdb_bytes()).pdb->identity());
}
inline std::string image_bytes() {
  test::PeBuilder pe;
  pe.section(".text", 0x1000, test::PeBuilder::kCode, "code");
  return pe.file();
}
inline std::string sym_bytes() {
  return "MODULE windows x86_64 " + std::string(kSymId) + " orders.pdb\nPUBLIC 2000 0 exported\n";
}

class FixedClock final : public Clock {
 public:
  Timestamp time{1'795'230'245'000'000};
  [[nodiscard]] Timestamp now() const override { return time; }
};

/// A server with files by path, and what of it fetch() brings into an empty store.
class FetchTest : public testing::Test {
 protected:
  FetchTest()
      : server([this](const std::string& path) {
          const auto found = replies.find(path);
          return found == replies.end() ? test::HttpReply{.status = 404} : found->second;
        }) {
    auto made = make_http_client(timeouts);
    if (made.ok()) client = std::move(made).take();
    options.path = {{.folders = {store.path()}, .server = server.url()}};
  }

  void SetUp() override { ASSERT_NE(client, nullptr); }

  std::vector<Item> fetch_all(const std::vector<Wanted>& wanted,
                              const Listener& listener = {},
                              std::stop_token stop = {}) {
    auto items = fetch(wanted, options, *client, clock, listener, std::move(stop));
    EXPECT_TRUE(items.ok()) << items.error().message();
    return items.ok() ? *items : std::vector<Item>();
  }
  Item fetch_one(const Wanted& wanted) {
    auto items = fetch_all({wanted});
    return items.size() == 1 ? items.front() : Item{};
  }
  Item fetch_pdb() { return fetch_one({Kind::Symbols, "orders.pdb", pdb_id()}); }

  static std::string path_of(std::string_view file) {
    return "/orders.pdb/" + pdb_id() + "/" + std::string(file);
  }
  [[nodiscard]] std::filesystem::path stored(std::string_view file) const {
    return store.path() / "orders.pdb" / pdb_id() / path_from_utf8(file);
  }
  /// Every file in the store but notes of misses.
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(store.path())) {
      if (entry.is_regular_file() && entry.path().extension() != ".missing")
        names.push_back(utf8_from_path(entry.path().filename()));
    }
    return names;
  }
  static std::string content(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  test::TempFolder store;
  FixedClock clock;
  Timeouts timeouts{.connect = std::chrono::seconds(2),
                    .idle = std::chrono::seconds(1),
                    .whole = std::chrono::seconds(30)};
  std::map<std::string, test::HttpReply> replies;  // before the server: its thread reads it
  test::HttpServer server;
  std::unique_ptr<HttpClient> client;
  Options options;
};

}  // namespace vigil::fetch
