FROM node:24-slim
WORKDIR /app
COPY . .
# Installs as every other machine does, and notes that it did: nothing is installed when a container starts.
ENV npm_config_omit=dev
RUN node -e "import('./bin/prepare.mjs').then(({ install }) => install())" \
  && ln -s /app/bin/countersign.mjs /usr/local/bin/countersign
# Every place a volume is mounted on: a volume takes over the owner of the folder that it finds in the image.
RUN for name in company bot gateway $(ls agents/*.ts | xargs -n 1 basename -s .ts); do mkdir -p "/data/keys/$name"; done \
  && mkdir -p /data/sandbox /data/trust /data/log /data/bot /data/gateway \
  && chmod 700 /data /data/* /data/keys/* && chown -R node:node /data
USER node
CMD ["countersign", "--help"]
