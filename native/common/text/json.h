// Lines of JSON: flat objects in, any objects out. Text is UTF-8.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>

namespace understudy::json {

using Value = std::variant<std::nullptr_t, bool, double, std::string>;

// An object whose members are scalars; nothing where the text is not one.
class Object {
 public:
  static std::optional<Object> Parse(const std::string& text);

  bool Has(const std::string& name) const { return members_.count(name) > 0; }
  std::string Text(const std::string& name, const std::string& otherwise = "") const;
  double Number(const std::string& name, double otherwise = 0) const;
  bool Flag(const std::string& name, bool otherwise = false) const;

 private:
  std::map<std::string, Value> members_;
};

// Builds one object, member by member.
class Writer {
 public:
  Writer& Text(const char* name, const std::string& value);
  Writer& Number(const char* name, double value);
  Writer& Flag(const char* name, bool value);
  // `json` is put in as it is.
  Writer& Raw(const char* name, const std::string& json);
  std::string Finish() const { return "{" + members_ + "}"; }

 private:
  void Name(const char* name);
  std::string members_;
};

std::string Quoted(const std::string& text);
std::string NumberText(double value);

}  // namespace understudy::json
