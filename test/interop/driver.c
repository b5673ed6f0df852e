/* Lets a test drive at_c: commands on stdin, answers that begin with "=" on stdout. Arguments: atSign, host, port. */

#include <atclient/atclient.h>
#include <atclient/atclient_utils.h>
#include <atclient/monitor.h>
#include <atclient/notify.h>
#include <atlogger/atlogger.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORDS 6
#define READ_TIMEOUT_MS 30000

static char *me;
static char *directory_host;
static int directory_port;
static atclient_atkeys keys;
static atclient client;
static atclient monitor_client;

static void ok(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  printf("=ok\t");
  vprintf(format, arguments);
  printf("\n");
  va_end(arguments);
}

static void failed(const char *what, int code) { printf("=error\t%s %d\n", what, code); }

static int make_key(atclient_atkey *key, const char *kind, const char *name, const char *owner, const char *recipient) {
  if (strcmp(kind, "self") == 0) return atclient_atkey_create_self_key(key, name, owner, NULL);
  if (strcmp(kind, "public") == 0) return atclient_atkey_create_public_key(key, name, owner, NULL);
  return atclient_atkey_create_shared_key(key, name, owner, recipient, NULL);
}

/*
 * Logs in at the atServer that our atDirectory names. The setters of the options never mark a field as set, and the
 * fields of the atDirectory are read as the atServer's: else only the production atDirectory could be used.
 */
static int authenticate(int (*with)(atclient *, const char *, const atclient_atkeys *,
                                    atclient_pkam_authenticate_options *),
                        atclient *which) {
  char *host = NULL;
  int port = 0;
  int code = atclient_utils_find_atserver_address(directory_host, directory_port, me, &host, &port);
  if (code != 0) return code;
  atclient_pkam_authenticate_options options;
  atclient_pkam_authenticate_options_init(&options);
  options.atdirectory_host = host;
  options.atdirectory_port = port;
  options._initialized_fields[0] = ATCLIENT_PKAM_AUTHENTICATE_OPTIONS_AT_DIRECTORY_HOST_INITIALIZED |
                                   ATCLIENT_PKAM_AUTHENTICATE_OPTIONS_AT_DIRECTORY_PORT_INITIALIZED;
  code = with(which, me, &keys, &options);
  atclient_pkam_authenticate_options_free(&options);
  return code;
}

static void login(const char *key_file) {
  int code = atclient_atkeys_populate_from_path(&keys, key_file);
  if (code != 0) return failed("key file", code);
  code = authenticate(atclient_pkam_authenticate, &client);
  if (code != 0) return failed("pkam", code);
  ok("");
}

static void put(const char *kind, const char *name, const char *value, const char *recipient) {
  atclient_atkey key;
  atclient_atkey_init(&key);
  int code = make_key(&key, kind, name, me, recipient);
  if (code == 0 && strcmp(kind, "self") == 0) code = atclient_put_self_key(&client, &key, value, NULL, NULL);
  else if (code == 0 && strcmp(kind, "public") == 0) code = atclient_put_public_key(&client, &key, value, NULL, NULL);
  else if (code == 0) code = atclient_put_shared_key(&client, &key, value, NULL, NULL);
  atclient_atkey_free(&key);
  if (code != 0) return failed("put", code);
  ok("");
}

static void get(const char *kind, const char *name, const char *owner) {
  char *value = NULL;
  atclient_atkey key;
  atclient_atkey_init(&key);
  int code = make_key(&key, kind, name, owner == NULL ? me : owner, me);
  if (code == 0 && strcmp(kind, "self") == 0) code = atclient_get_self_key(&client, &key, &value, NULL);
  else if (code == 0 && strcmp(kind, "public") == 0) code = atclient_get_public_key(&client, &key, &value, NULL);
  else if (code == 0) code = atclient_get_shared_key(&client, &key, &value, NULL);
  atclient_atkey_free(&key);
  if (code != 0) failed("get", code);
  else ok("%s", value);
  free(value);
}

static void scan(const char *regex) {
  atclient_atkey *found = NULL;
  size_t count = 0;
  atclient_get_atkeys_request_options options;
  atclient_get_atkeys_request_options_init(&options);
  atclient_get_atkeys_request_options_set_regex(&options, regex);
  atclient_get_atkeys_request_options_set_show_hidden(&options, true);
  int code = atclient_get_atkeys(&client, &found, &count, &options);
  atclient_get_atkeys_request_options_free(&options);
  if (code != 0) return failed("scan", code);
  printf("=ok\t");
  for (size_t i = 0; i < count; i++) {
    char *name = NULL;
    if (atclient_atkey_to_string(&found[i], &name) == 0) printf("%s%s", i == 0 ? "" : " ", name);
    free(name);
    atclient_atkey_free(&found[i]);
  }
  printf("\n");
  free(found);
}

static void delete_key(const char *kind, const char *name, const char *recipient) {
  atclient_atkey key;
  atclient_atkey_init(&key);
  int code = make_key(&key, kind, name, me, recipient);
  if (code == 0) code = atclient_delete(&client, &key, NULL, NULL);
  atclient_atkey_free(&key);
  if (code != 0) return failed("delete", code);
  ok("");
}

static void notify(const char *to, const char *name, const char *value) {
  atclient_atkey key;
  atclient_atkey_init(&key);
  atclient_notify_params params;
  atclient_notify_params_init(&params);
  int code = make_key(&key, "shared", name, me, to);
  if (code == 0) code = atclient_notify_params_set_operation(&params, ATCLIENT_NOTIFY_OPERATION_UPDATE);
  if (code == 0) code = atclient_notify_params_set_atkey(&params, &key);
  if (code == 0) code = atclient_notify_params_set_value(&params, value);
  if (code == 0) code = atclient_notify_params_set_should_encrypt(&params, true);
  if (code == 0) code = atclient_notify(&client, &params, NULL);
  atclient_notify_params_free(&params);
  atclient_atkey_free(&key);
  if (code != 0) return failed("notify", code);
  ok("");
}

static void monitor(const char *regex) {
  int code = authenticate(atclient_monitor_pkam_authenticate, &monitor_client);
  if (code != 0) return failed("pkam of the monitor", code);
  atclient_monitor_set_read_timeout(&monitor_client, READ_TIMEOUT_MS);
  code = atclient_monitor_start(&monitor_client, regex);
  if (code != 0) return failed("monitor", code);
  ok("");
}

static void next_notification(const char *part) {
  for (;;) {
    atclient_monitor_response message;
    atclient_monitor_response_init(&message);
    int code = atclient_monitor_read(&monitor_client, &client, &message, NULL);
    if (message.type == ATCLIENT_MONITOR_ERROR_READ) return failed("reading the monitor", code);
    atclient_atnotification *told = &message.notification;
    if (code == 0 && message.type == ATCLIENT_MONITOR_MESSAGE_TYPE_NOTIFICATION && strstr(told->key, part) != NULL &&
        atclient_atnotification_is_decrypted_value_initialized(told)) {
      ok("%s %s", told->from, told->decrypted_value);
      return;
    }
    atclient_monitor_response_free(&message);
  }
}

static void run(char **words) {
  const char *command = words[0];
  if (strcmp(command, "login") == 0) login(words[1]);
  else if (strcmp(command, "put") == 0) put(words[1], words[2], words[3], words[4]);
  else if (strcmp(command, "get") == 0) get(words[1], words[2], words[3]);
  else if (strcmp(command, "scan") == 0) scan(words[1]);
  else if (strcmp(command, "delete") == 0) delete_key(words[1], words[2], words[3]);
  else if (strcmp(command, "notify") == 0) notify(words[1], words[2], words[3]);
  else if (strcmp(command, "monitor") == 0) monitor(words[1]);
  else if (strcmp(command, "next") == 0) next_notification(words[1]);
  else failed("this client has no such command:", 0);
}

int main(int argc, char *argv[]) {
  if (argc != 4) return 2;
  me = argv[1];
  directory_host = argv[2];
  directory_port = atoi(argv[3]);
  atlogger_set_logging_level(ATLOGGER_LOGGING_LEVEL_ERROR);
  atclient_init(&client);
  atclient_monitor_init(&monitor_client);
  atclient_atkeys_init(&keys);
  setvbuf(stdout, NULL, _IOLBF, 0);
  char line[65536];
  while (fgets(line, sizeof(line), stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    char *words[MAX_WORDS] = {NULL};
    int count = 0;
    for (char *word = strtok(line, "\t"); word != NULL && count < MAX_WORDS - 1; word = strtok(NULL, "\t"))
      words[count++] = word;
    if (count > 0) run(words);
  }
  return 0;
}
