#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

namespace bowshot {

/// How --help looks: lines of at most 100 columns, what a flag takes, its default behind what it
/// means, and of each command what it is for in one line.
///   app.formatter(std::make_shared<HelpFormatter>()); before commands are added: they inherit it
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter();
  std::string make_description(const CLI::App* command) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
  std::string make_subcommand(const CLI::App* command) const override;
};

/// `32768 (32 KiB)`: how a flag takes a size, and how people read it.
std::string spelt_size(int64_t bytes);

}  // namespace bowshot
