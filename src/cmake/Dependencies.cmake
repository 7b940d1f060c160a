# Turns find_package() into deps::* targets. Debian's -dev packages, the cross-built prefix and vcpkg differ in a few
# target names; nothing else in the tree knows.
include_guard(GLOBAL)
find_package(Threads REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED)  # headers only
find_package(fmt CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(yaml-cpp CONFIG REQUIRED)
find_package(SQLite3 REQUIRED)  # CMake's own module: SQLite itself installs no CMake package
find_package(SQLiteCpp CONFIG REQUIRED)
find_package(zstd CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)

function(_deps_alias name)  # first target that exists
  add_library(${name} INTERFACE IMPORTED GLOBAL)
  foreach(target IN LISTS ARGN)
    if(TARGET ${target})
      target_link_libraries(${name} INTERFACE ${target})
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "${name}: none of these targets exists: ${ARGN}")
endfunction()

add_library(deps::asio INTERFACE IMPORTED GLOBAL)
target_link_libraries(deps::asio INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(deps::asio INTERFACE BOOST_ALL_NO_LIB BOOST_ERROR_CODE_HEADER_ONLY
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)
if(WIN32)
  target_link_libraries(deps::asio INTERFACE ws2_32 mswsock bcrypt)
endif()
_deps_alias(deps::log spdlog::spdlog)
_deps_alias(deps::fmt fmt::fmt)
_deps_alias(deps::json nlohmann_json::nlohmann_json)
_deps_alias(deps::yaml yaml-cpp::yaml-cpp yaml-cpp)
_deps_alias(deps::sqlite SQLiteCpp)
_deps_alias(deps::zstd zstd::libzstd zstd::libzstd_static zstd::libzstd_shared)
_deps_alias(deps::cli CLI11::CLI11)
