// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "platform/platform.h"
#include "symbols/symbols.h"

/// Brings symbol files and images from symbol servers into local stores, where an analysis without
/// a network finds them.
///
/// Names and ids come from hostile dumps, answers from servers that may be anybody's. A name that
/// is not a plain file's is refused; what a server sends is written under a temporary name, of
/// limited size, and gets its own only when it is of the build that was asked for. Files are laid
/// out as symbol stores have them, `name/id/name`, unpacked where the server has them compressed.
/// A server that has not got a file is not asked for it again for a day: `name.missing` beside
/// where the file would be says who was asked and when.
///
/// This is the only module that uses the network, and it never runs inside the sandbox.
namespace vigil::fetch {

enum class Kind : std::uint8_t {
  Symbols,  ///< A PDB, or a `.sym` where a server has only that.
  Image,
};

/// One file by the names that a symbol server files it under.
struct Wanted {
  Kind kind = Kind::Symbols;
  std::string name;  ///< `orders.pdb`, `orders.exe`: without a folder.
  std::string id;    ///< GUID and age, or timestamp and size, in hex as symbol stores write them.
  friend auto operator<=>(const Wanted&, const Wanted&) = default;
};

enum class Outcome : std::uint8_t {
  Present,  ///< It was in one of the folders.
  Fetched,
  Missing,  ///< No server has it.
  Failed,   ///< Nobody knows: a server could not be asked, or sent something else.
};
/// `present`, `fetched`, `missing`, `failed`: the names in JSON.
[[nodiscard]] std::string_view to_string(Outcome outcome) noexcept;
/// `symbols`, `image`.
[[nodiscard]] std::string_view to_string(Kind kind) noexcept;

/// What became of one wanted file.
struct Item {
  Wanted wanted;
  Outcome outcome = Outcome::Missing;
  std::filesystem::path file{};  ///< Present, Fetched: where it is.
  std::string url{};             ///< Fetched: where it came from.
  std::uint64_t bytes = 0;       ///< Fetched: of the file as it is now.
  /// Missing: all servers were asked by an earlier run, and none this time.
  bool remembered = false;
  /// Why it was not had from one place or another, in the order of asking.
  std::vector<std::string> reasons{};
};

/// How far all of it is.
struct Progress {
  std::size_t done = 0, total = 0;  ///< Files.
  std::uint64_t bytes = 0;          ///< Received so far.
};

/// Who is told while it goes on, one call at a time, from any thread; each may be empty.
struct Listener {
  std::function<void(const Item&)> item{};  ///< For each in the order of the result.
  std::function<void(const Progress&)> progress{};
};

struct Limits {
  std::uint64_t file_bytes = std::uint64_t{2} << 30;    ///< Of one file, packed or not.
  std::uint64_t total_bytes = std::uint64_t{32} << 30;  ///< Received in one run.
  std::size_t parallel = 4;                             ///< Files at a time.
  std::size_t server_failures = 3;  ///< So many in a row, and a server is left alone.
  std::chrono::hours miss_lasts{24};
};

struct Options {
  std::vector<symbols::SymbolPathElement> path{};
  /// The store that everything goes into; empty: the first folder of the element with the server.
  std::filesystem::path output{};
  bool refresh = false;     ///< Ask again for what was missing.
  bool allow_http = false;  ///< Without TLS, from other machines than this one.
  Limits limits{};
};

/// What a server said.
struct HttpResponse {
  int status = 0;
  std::string location{};  ///< Of a redirect; may be relative.
};

/// Asks for one URL. Any number of threads may use it at a time.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// The body of an answer with status 200 goes to \p body, whose error ends the transfer and is
  /// returned; other bodies are dropped. No redirect is followed. Errc::Io when there is no answer
  /// or it is cut off, Errc::Cancelled after \p stop.
  [[nodiscard]] virtual Result<HttpResponse> get(const std::string& url,
                                                 const platform::ByteSink& body,
                                                 std::stop_token stop) = 0;
  /// Sends \p json there. The body of the answer is dropped, and no redirect is followed. Errors as
  /// those of get().
  [[nodiscard]] virtual Result<HttpResponse> post(const std::string& url,
                                                  const std::string& json,
                                                  std::stop_token stop) = 0;

 protected:
  HttpClient() = default;
};

struct Timeouts {
  std::chrono::milliseconds connect{15'000};
  std::chrono::milliseconds idle{30'000};                     ///< Without a byte.
  std::chrono::milliseconds whole{std::chrono::minutes(60)};  ///< One file.
};

/// The system's own: WinHTTP with the machine's proxy settings, or libcurl with those of the
/// environment (`https_proxy`, `no_proxy`). Certificates are checked, always. Errc::Unsupported
/// where libcurl is not installed.
[[nodiscard]] Result<std::unique_ptr<HttpClient>> make_http_client(const Timeouts& timeouts = {});

/// Whether a server may be asked, as a whole: Errc::Malformed for what is no URL of one,
/// Errc::AccessDenied for `http://` to another machine without \p allow_http.
[[nodiscard]] Status check_server(std::string_view url, bool allow_http);

/// Whether the path of \p options can be fetched by: it has servers, each with a folder to keep its
/// files in (Errc::Malformed), that may be asked (check_server()).
[[nodiscard]] Status check_path(const Options& options);

/// Looks for each of \p wanted, once, in the folders of the path, then asks its servers. In the
/// order of \p wanted. Errors are those of check_path(). After \p stop what was not done has
/// failed, and says so.
[[nodiscard]] Result<std::vector<Item>> fetch(const std::vector<Wanted>& wanted,
                                              const Options& options,
                                              HttpClient& client,
                                              const Clock& clock,
                                              const Listener& listener = {},
                                              std::stop_token stop = {});

}  // namespace vigil::fetch
